"""Vector instructions for the signal path, where the compiler's own choice is too slow.

Each function is a few lines of compiler input (LLVM's intermediate language) that keeps
`LANES` channels or samples in registers. The compiler lowers them to whatever the
processor has, so they run everywhere; multiplications and additions are fused
explicitly, so the same input gives the same bits everywhere too.

They take addresses (see `address`), not arrays, and check nothing: the callers,
`kernels` and `median_kernel` beside it, answer for every byte.
Measured on one core for 384 channels, a section of a band-pass by the compiler's own
vectors took 0.26 ns a value and by these takes 0.08 ns; a transposition 2 and 0.8 ns.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from llvmlite import ir
from numba import types
from numba.extending import intrinsic as _typed_intrinsic

from spe1_builder.compiled import compiled
from spe1_builder.constants import N_CHANNELS

#: Channels filtered, or samples transposed, at once: two 512-bit registers of float64.
LANES = 16
#: Sections of an order-5 band-pass.
N_SECTIONS = 5
#: Groups of channels that are worked on together.
N_GROUPS = N_CHANNELS // LANES
#: Bytes of one sample of a group: int16 counts, float32 values, float64 delays.
COUNTS_BYTES, VALUES_BYTES, DELAY_BYTES = 2 * LANES, 4 * LANES, 8 * LANES

_F64, _F32 = ir.DoubleType(), ir.FloatType()
_I64, _I32, _I16 = ir.IntType(64), ir.IntType(32), ir.IntType(16)
_WIDE, _VALUES = ir.VectorType(_F64, LANES), ir.VectorType(_F32, LANES)
_KEYS, _COUNTS = ir.VectorType(_I32, LANES), ir.VectorType(_I16, LANES)
#: Its type stub takes the compiler's context for an argument of the call.
intrinsic: Any = _typed_intrinsic
_LOWEST, _HIGHEST = -(2**31), 2**31 - 1


@compiled()
def address(array):
    """Where the data of a contiguous array begins."""
    return np.uintp(array.ctypes.data)


def _at(builder: Any, place: Any, kind: Any, offset: int = 0) -> Any:
    """Pointer to a value of ``kind``, ``offset`` bytes after the address ``place``."""
    return builder.inttoptr(builder.add(place, ir.Constant(_I64, offset)), kind.as_pointer())


def _everywhere(builder: Any, scalar: Any) -> Any:
    """``scalar`` in every lane."""
    vector = ir.VectorType(scalar.type, LANES)
    undefined = ir.Constant(vector, ir.Undefined)
    first = builder.insert_element(undefined, scalar, ir.Constant(_I32, 0))
    return builder.shuffle_vector(first, undefined, ir.Constant(_KEYS, [0] * LANES))


def _call(builder: Any, name: str, returns: Any, *arguments: Any) -> Any:
    """Call the compiler's function ``name``."""
    function = builder.module.globals.get(name)
    if function is None:
        kinds = [argument.type for argument in arguments]
        function = ir.Function(builder.module, ir.FunctionType(returns, kinds), name)
    return builder.call(function, arguments)


def _fused(builder: Any, a: Any, b: Any, c: Any) -> Any:
    """``a * b + c`` with one rounding."""
    return _call(builder, f"llvm.fma.v{LANES}f64", _WIDE, a, b, c)


def _one_sample(builder: Any, x: Any, delays: list[Any], factors: list[Any]) -> tuple[Any, list]:
    """Five sections with numerator 1 - z^-2, direct form II transposed: output and new delays."""
    after = []
    for s in range(0, 2 * N_SECTIONS, 2):
        y = builder.fadd(x, delays[s])
        after.append(_fused(builder, factors[s], y, delays[s + 1]))
        after.append(_fused(builder, factors[s + 1], y, builder.fneg(x)))
        x = y
    return x, after


def _make_run_sections(source: Any, widen: str) -> Any:
    """The function that filters one group along time, reading vectors of type ``source``."""

    def run(ctx, src, src_step, dst, dst_step, n, state, feedback, scale):
        def generate(context: Any, builder: Any, _: Any, arguments: Any) -> Any:
            src, src_step, dst, dst_step, n, state, feedback, scale = arguments
            factors = [
                _everywhere(builder, builder.load(_at(builder, feedback, _F64, 8 * i)))
                for i in range(2 * N_SECTIONS)
            ]
            scales = _everywhere(builder, scale)
            places = [_at(builder, state, _WIDE, DELAY_BYTES * i) for i in range(2 * N_SECTIONS)]
            before = [builder.load(place, align=8) for place in places]
            entry, zero = builder.block, ir.Constant(_I64, 0)
            loop, end = builder.append_basic_block("loop"), builder.append_basic_block("end")
            builder.cbranch(builder.icmp_signed(">", n, zero), loop, end)

            builder.position_at_end(loop)
            i, here, there = (builder.phi(_I64) for _ in range(3))
            delays = [builder.phi(_WIDE) for _ in before]
            x = builder.load(_at(builder, here, source), align=2)
            x = builder.fmul(getattr(builder, widen)(x, _WIDE), scales)
            y, after = _one_sample(builder, x, delays, factors)
            builder.store(builder.fptrunc(y, _VALUES), _at(builder, there, _VALUES), align=4)
            following = [builder.add(i, ir.Constant(_I64, 1)), builder.add(here, src_step)]
            following += [builder.add(there, dst_step), *after]
            starting = [zero, src, dst, *before]
            for phi, first, later in zip(
                [i, here, there, *delays], starting, following, strict=True
            ):
                phi.add_incoming(first, entry)
                phi.add_incoming(later, loop)
            builder.cbranch(builder.icmp_signed("<", following[0], n), loop, end)

            builder.position_at_end(end)
            last = [builder.phi(_WIDE) for _ in before]
            for phi, first, later in zip(last, before, after, strict=True):
                phi.add_incoming(first, entry)
                phi.add_incoming(later, loop)
            for place, value in zip(places, last, strict=True):
                builder.store(value, place, align=8)
            return context.get_dummy_value()

        where, step = types.uintp, types.intp
        return types.void(where, step, where, step, step, where, where, types.float64), generate

    return intrinsic(run)


#: ``f(src, src_step, dst, dst_step, n, state, feedback, scale)``: filter ``n`` samples of a
#: group; steps in bytes, negative to go back in time. ``state`` holds 2 * N_SECTIONS float64
#: delays of each lane, ``feedback`` the float64 ``-a1, -a2`` of each section; ``scale``
#: multiplies the input. Input is int16 or float32, output float32.
run_on_counts = _make_run_sections(_COUNTS, "sitofp")
run_on_values = _make_run_sections(_VALUES, "fpext")


@intrinsic
def transpose(ctx, src, medians, dst, dst_step):
    """Write LANES samples of a group as channels: ``dst[l] = src[:, l] - medians``.

    ``src`` is float32 (LANES samples, LANES channels), ``medians`` float32 (LANES,);
    ``dst_step`` bytes lie between two channels of ``dst``.
    """

    def generate(context: Any, builder: Any, _: Any, arguments: Any) -> Any:
        src, medians, dst, dst_step = arguments
        rows = []
        for t in range(LANES):
            values = builder.load(_at(builder, src, _VALUES, VALUES_BYTES * t), align=4)
            median = builder.load(_at(builder, medians, _F32, 4 * t))
            rows.append(builder.fsub(values, _everywhere(builder, median)))
        half = LANES // 2
        # Lanes of two rows in turns, their lower and their upper halves: shuffling row i
        # with row i + half so, log2(LANES) times, is a transposition.
        in_turns = [
            ir.Constant(_KEYS, [first + lane // 2 + LANES * (lane % 2) for lane in range(LANES)])
            for first in (0, half)
        ]
        for _ in range(LANES.bit_length() - 1):
            rows = [
                builder.shuffle_vector(rows[i], rows[i + half], lanes)
                for i in range(half)
                for lanes in in_turns
            ]
        for row in rows:
            builder.store(row, _at(builder, dst, _VALUES), align=4)
            dst = builder.add(dst, dst_step)
        return context.get_dummy_value()

    return types.void(types.uintp, types.uintp, types.uintp, types.intp), generate


@intrinsic
def load_keys(ctx, src, src_step, keys):
    """Bits of float32 values of all groups as int32 of the same order: ``keys`` (N_CHANNELS,).

    ``src_step`` bytes lie between two groups of ``src``.
    """

    def generate(context: Any, builder: Any, _: Any, arguments: Any) -> Any:
        src, src_step, keys = arguments
        sign, magnitude = (ir.Constant(_KEYS, [x] * LANES) for x in (31, _HIGHEST))
        for group in range(N_GROUPS):
            bits = builder.load(_at(builder, src, _KEYS), align=4)
            flips = builder.and_(builder.ashr(bits, sign), magnitude)
            place = _at(builder, keys, _KEYS, 4 * LANES * group)
            builder.store(builder.xor(bits, flips), place, align=4)
            src = builder.add(src, src_step)
        return context.get_dummy_value()

    return types.void(types.uintp, types.intp, types.uintp), generate


def _make_over_keys(start: int, reduction: str, combine: Any) -> Any:
    """A function of N_CHANNELS keys and a threshold, ``combine``d group by group."""

    def over_keys(ctx, keys, threshold):
        def generate(context: Any, builder: Any, _: Any, arguments: Any) -> Any:
            keys, threshold = arguments
            thresholds = _everywhere(builder, threshold)
            empty = ir.Constant(_KEYS, [start] * LANES)
            result = empty
            for group in range(N_GROUPS):
                values = builder.load(_at(builder, keys, _KEYS, 4 * LANES * group), align=4)
                is_below = builder.icmp_signed("<", values, thresholds)
                result = combine(builder, result, values, is_below, empty)
            return _call(builder, f"llvm.vector.reduce.{reduction}.v{LANES}i32", _I32, result)

        return types.int32(types.uintp, types.int32), generate

    return intrinsic(over_keys)


def _count(builder: Any, result: Any, values: Any, is_below: Any, empty: Any) -> Any:
    return builder.sub(result, builder.sext(is_below, _KEYS))


def _largest(builder: Any, result: Any, values: Any, is_below: Any, empty: Any) -> Any:
    below = builder.select(is_below, values, empty)
    return builder.select(builder.icmp_signed(">", below, result), below, result)


def _smallest(builder: Any, result: Any, values: Any, is_below: Any, empty: Any) -> Any:
    rest = builder.select(is_below, empty, values)
    return builder.select(builder.icmp_signed("<", rest, result), rest, result)


#: ``f(keys, threshold)``: how many keys are below, the largest below, the smallest not below.
count_below = _make_over_keys(0, "add", _count)
largest_below = _make_over_keys(_LOWEST, "smax", _largest)
smallest_from = _make_over_keys(_HIGHEST, "smin", _smallest)
