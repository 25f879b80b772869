# ---
# jupyter:
#   jupytext:
#     text_representation:
#       extension: .py
#       format_name: percent
#   kernelspec:
#     display_name: Python 3
#     language: python
#     name: python3
# ---

# %% [markdown]
# # First look
#
# What lies in a folder of built cells, and what one cell holds: the recording, the patch electrode
# beside it, and the neuron that both of them saw.

# %%
import json
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np

import spe1

root = "spe1"

# %% [markdown]
# ## The cells
#
# `spe1.cells` is the release's catalogue of 43 cells, joined with what is built in a root. It is an
# Arrow table.

# %%
catalogue = spe1.cells(root).to_pandas()
built = catalogue[catalogue["is_built"]].set_index("cell_id")
built[["patch_type", "origin", "n_spikes", "rate_hz", "gt_channel", "peak_channel"]]

# %% [markdown]
# One of them on a page. `spe1 info c14` prints the same.

# %%
cell_id = "c14" if "c14" in built.index else built.index[0]
cell = spe1.info(cell_id, root=root)
print(cell)

# %% [markdown]
# ## Views
#
# Beside the cells a root has small views of them. The default one has a row a cell, and a picture.

# %%
from datasets import load_dataset

overview = load_dataset(str(Path(root).resolve()), split="train")
row = overview.filter(lambda cell: cell == cell_id, input_columns="cell_id")[0]
row["quicklook"]

# %% [markdown]
# ## The recording and the patch
#
# `spe1.spikes` has the times at which the patched neuron fired, on the probe's clock;
# `spe1.read_uV` any part of the recording; `spe1.open_patch` the trace of the pipette. Here 30 ms
# around one spike, on the electrodes around the neuron.

# %%
spikes = spe1.spikes(root, [cell_id])
sample = spikes["sample"][spikes.num_rows // 2].as_py()
traces = spe1.CellTraces(Path(root, cell_id))
start, stop = max(sample - 450, traces.first), min(sample + 450, traces.last)

recording = spe1.open_recording(cell_id, root=root)
positions_um = recording.get_channel_locations()
peak = cell.built.peak_channel
near = np.argsort(np.linalg.norm(positions_um - positions_um[peak], axis=1))[:10]
near = near[np.argsort(positions_um[near, 1])]

window_uV = traces.read_uV(start, stop, channels=near.tolist())
time_ms = (np.arange(start, stop) - sample) / 30
patch = spe1.open_patch(cell_id, root=root)
patch_ms = (patch.times_s * 30_000 - sample) / 30
shown = (patch_ms >= time_ms[0]) & (patch_ms <= time_ms[-1])

figure, (above, below) = plt.subplots(
    2, 1, sharex=True, figsize=(8, 6), height_ratios=(1, 3), layout="constrained"
)
above.plot(patch_ms[shown], patch.trace[shown], color="tab:red", linewidth=0.8)
above.set_ylabel(f"patch ({patch.units})")
step_uV = 1.2 * np.ptp(window_uV, axis=1).max()
for place, (channel, trace_uV) in enumerate(zip(near, window_uV, strict=True)):
    below.plot(time_ms, trace_uV + place * step_uV, color="black", linewidth=0.6)
    below.text(time_ms[0], place * step_uV, f"{channel} ", ha="right", va="center")
below.set(xlabel="time from the spike (ms)", yticks=[], ylabel="channels, deep to shallow\n\n")
below.set_title(f"{cell_id}: one step is {step_uV:.0f} uV", fontsize=10)
# %% [markdown]
# ## The template, and where localizers put it
#
# The mean over all spikes of the patched neuron is its template, and it is what localizers are
# scored on. Electrodes without a signal of their own are left out.

# %%
folder = Path(root, cell_id)
bad_channels = json.loads((folder / "conversion_metadata.json").read_text())["bad_channel_ids"]
with np.load(folder / "templates.npz") as arrays:
    template_uV, n_before = arrays["templates"], int(arrays["nbefore"])
good = np.setdiff1d(np.arange(384), bad_channels)

target_um = np.array([cell.built.x_um, cell.built.y_um])
methods = ("center_of_mass", "monopolar_triangulation", "grid_convolution")
places_um = {
    name: spe1.localize(name, template_uV[:, :, good], positions_um[good], n_before=n_before).xy_um[
        0
    ]
    for name in methods
}
for name, xy_um in places_um.items():
    distance_um = np.linalg.norm(xy_um - target_um)
    print(f"{name:24} ({xy_um[0]:6.1f}, {xy_um[1]:7.1f}) um, {distance_um:5.1f} um away")

# %%
size_uV = np.ptp(template_uV[0], axis=0)
figure, axes = plt.subplots(figsize=(4.5, 6), layout="constrained")
dots = axes.scatter(*positions_um[good].T, c=size_uV[good], s=120, marker="s", cmap="Greys")
figure.colorbar(dots, label="template, peak to peak (uV)")
axes.scatter(*target_um, s=260, facecolors="none", edgecolors="tab:red", label="target")
for (name, xy_um), marker in zip(places_um.items(), "ox^", strict=True):
    axes.scatter(*xy_um, marker=marker, label=name.replace("_", " "))
axes.set(xlabel="x (um)", ylabel="y, from the tip (um)")
axes.set(xlim=(-20, 90), ylim=(target_um[1] - 150, target_um[1] + 150))
axes.legend(loc="upper center", bbox_to_anchor=(0.5, -0.1), ncols=2, frameon=False)
