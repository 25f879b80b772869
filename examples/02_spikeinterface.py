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
# # SpikeInterface, end to end
#
# A built cell as a recording, the patched neuron as a sorting of one unit, and SpikeInterface's own
# tools on the two: an analyzer, its widgets, a sorter scored against the patch, hybrid units.

# %%
import tempfile
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np
import spikeinterface.widgets as sw
from spikeinterface.comparison import compare_sorter_to_ground_truth
from spikeinterface.core import create_sorting_analyzer
from spikeinterface.generation import generate_hybrid_recording
from spikeinterface.sorters import run_sorter

import spe1

root, cell_id = "spe1", "c14"
recording = spe1.open_recording(cell_id, root=root)
print(recording)

# %% [markdown]
# Traces are in uV, band-passed and referenced already: do not filter them again. Nothing is read
# before it is asked for. The patched neuron knows where its target electrode is:

# %%
truth = spe1.open_ground_truth(cell_id, root=root)
print(truth)
for key in ("gt_location", "gt_channel", "peak_channel", "patch_type", "cell_type"):
    print(f"{key:13} {truth.get_property(key)[0]}")

# %% [markdown]
# ## An analyzer
#
# `is_bad` marks electrodes without a signal of their own, the reference sites among them. The
# analyzer is made on the others, within 200 um of the neuron.

# %%
peak = int(truth.get_property("peak_channel")[0])
depth_um = recording.get_channel_locations()[:, 1]
is_near = np.abs(depth_um - depth_um[peak]) <= 200
near = recording.select_channels(recording.channel_ids[is_near & ~recording.get_property("is_bad")])
analyzer = create_sorting_analyzer(truth, near, sparse=False, seed=0, peak_sign="neg")
analyzer.compute("random_spikes", method="all")
analyzer.compute("waveforms", ms_before=1.0, ms_after=2.0)
analyzer.compute("templates", ms_before=1.0, ms_after=2.0)
analyzer.compute(["noise_levels", "spike_amplitudes", "unit_locations", "correlograms"])
analyzer.compute(
    "quality_metrics", metric_names=["num_spikes", "firing_rate", "snr", "isi_violation"]
)
analyzer.get_extension("quality_metrics").get_data().T

# %% [markdown]
# Its template is the one in the cell's `templates.npz`:

# %%
template_uV = analyzer.get_extension("templates").get_data()[0]
with np.load(Path(root, cell_id, "templates.npz")) as arrays:
    stored_uV = arrays["templates"][0][:, recording.ids_to_indices(near.channel_ids)]
print(f"largest difference: {np.abs(template_uV - stored_uV).max():.1e} uV")

# %% [markdown]
# ## Widgets

# %%
spike_s = recording.sample_index_to_time(truth.get_unit_spike_train(truth.unit_ids[0])[3])
around = near.select_channels(near.channel_ids[8:28])
sw.plot_traces(
    around,
    time_range=(spike_s - 0.02, spike_s + 0.02),
    mode="line",
    order_channel_by_depth=True,
    show_channel_ids=True,
    figsize=(8, 5),
)
# %%
unit = truth.unit_ids[0]
colors = {unit: "tab:blue"}
figure, axes = plt.subplots(1, 3, figsize=(10, 4), layout="constrained")
sw.plot_unit_locations(analyzer, unit_colors=colors, ax=axes[0])
axes[0].scatter(*truth.get_property("gt_location")[0, :2], marker="x", color="tab:red", zorder=3)
axes[0].set_title("unit, and its target (x)")
times_s = recording.sample_index_to_time(truth.get_unit_spike_train(unit))
amplitudes_uV = analyzer.get_extension("spike_amplitudes").get_data()
axes[1].plot(times_s, amplitudes_uV, ".", markersize=3)
axes[1].set(xlabel="time (s)", ylabel="amplitude (uV)", title="its spikes")
sw.plot_autocorrelograms(analyzer, unit_colors=colors, ax=axes[2])
axes[2].set(xlabel="interval (ms)", title="autocorrelogram")

# %%
sw.plot_unit_waveforms(
    analyzer, max_spikes_per_unit=30, unit_colors=colors, figsize=(5, 6), plot_legend=False
)

# %% [markdown]
# ## A sorter, scored against the patch
#
# SpikeInterface's `simple` sorter: threshold, principal components, k-means. It is no good sorter
# (with three clusters in place of twenty it finds nothing), but it runs anywhere in seconds. Only
# one neuron of the recording is known, hence `exhaustive_gt=False`; `match_mode="best"`, because
# the default tells an accuracy below one half as 0.

# %%
with tempfile.TemporaryDirectory() as folder:
    sorting = run_sorter(
        "simple",
        near,
        folder=Path(folder) / "simple",
        apply_preprocessing=False,
        clusterer="kmeans",
        clusterer_kwargs={"n_clusters": 20, "n_init": 10, "random_state": 0},
        seed=0,
    )
    comparison = compare_sorter_to_ground_truth(
        truth, sorting, exhaustive_gt=False, match_mode="best", delta_time=0.4
    )
comparison.get_performance().T

# %% [markdown]
# How many of each unit's spikes are the patched neuron's? Several units with many of them would
# mean that the neuron was split.

# %%
comparison.match_event_count.rename_axis(index="patched", columns="unit of the sorter")

# %% [markdown]
# ## Hybrid: other units around the patched one
#
# `generate_hybrid_recording` injects units of known place and spikes into the recording, so that a
# sorter can be scored on more than one neuron. The patched one stays as it was.

# %%
hybrid, injected = generate_hybrid_recording(
    near,
    seed=0,
    generate_sorting_kwargs={
        "num_units": 3,
        "firing_rates": 5,
        "refractory_period_ms": 4.0,
        "seed": 1,
    },
)
print(hybrid)
place_um = injected.get_property("gt_unit_locations")[0, :2]
print(f"the first of them lies at {place_um.round(1)} um")

# %%
at = int(injected.get_unit_spike_train(injected.unit_ids[0])[0])
window = {"start_frame": at - 60, "end_frame": at + 90}
distance_um = np.linalg.norm(near.get_channel_locations() - place_um, axis=1)
shown = near.channel_ids[np.argsort(distance_um)[:8]]
before_uV = near.get_traces(channel_ids=shown, **window)
after_uV = hybrid.get_traces(channel_ids=shown, **window)
time_ms = (np.arange(-60, 90)) / 30
step_uV = np.abs(after_uV).max()

figure, axes = plt.subplots(figsize=(6, 4.5), layout="constrained")
for place in range(len(shown)):
    axes.plot(time_ms, after_uV[:, place] + place * step_uV, color="tab:red", linewidth=1)
    axes.plot(time_ms, before_uV[:, place] + place * step_uV, color="black", linewidth=1)
axes.set_yticks(np.arange(len(shown)) * step_uV, shown)
axes.set(xlabel="time from the injected spike (ms)", ylabel="channel id")
axes.set_title("recording (black), with the injected unit (red)", fontsize=10)
