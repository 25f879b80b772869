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
# # Spike detection as a learned task
#
# Random windows of the recording, and in each sample the question: does the patched neuron spike
# here? The patch electrode has the answer, so this is supervised. Trained on the first part of the
# recording, scored on the last, which the net has not seen.

# %%
import matplotlib.pyplot as plt
import numpy as np
import torch
from torch.utils.data import DataLoader

import spe1

root, cell_id = "spe1", "c29"
torch.manual_seed(0)

peak = spe1.info(cell_id, root=root).built.peak_channel
positions_um = spe1.open_recording(cell_id, root=root).get_channel_locations()
channels = np.argsort(np.linalg.norm(positions_um - positions_um[peak], axis=1))[:8].tolist()

train = spe1.torch.RandomWindows(
    cell_id, root=root, split="train", channels=channels, n_samples=600, n_windows=1024, seed=0
)
batch = next(iter(DataLoader(train, batch_size=32)))
print(batch.window_uV.shape, batch.is_spike.shape, f"{int(batch.is_spike.sum())} spikes")

# %% [markdown]
# ## The net
#
# Two convolutions over time on the 8 electrodes nearest to the neuron: 7,000 parameters, and one
# number a sample. A spike is one sample in thousands, so the samples within 0.1 ms of one count as
# spikes while training, and spikes weigh more.


# %%
class Detector(torch.nn.Module):
    def __init__(self, n_channels=8, n_hidden=16):
        super().__init__()
        self.layers = torch.nn.Sequential(
            torch.nn.Conv1d(n_channels, n_hidden, 31, padding=15),
            torch.nn.ReLU(),
            torch.nn.Conv1d(n_hidden, n_hidden, 11, padding=5),
            torch.nn.ReLU(),
            torch.nn.Conv1d(n_hidden, 1, 1),
        )

    def forward(self, window_uV):
        return self.layers(window_uV / 20.0)[:, 0]


net = Detector()
optimizer = torch.optim.Adam(net.parameters(), lr=3e-3)
weight = torch.tensor(20.0)
losses = []
for epoch in range(12):
    train.set_epoch(epoch)
    for batch in DataLoader(train, batch_size=32):
        target = torch.nn.functional.max_pool1d(batch.is_spike.float()[:, None], 7, 1, 3)[:, 0]
        loss = torch.nn.functional.binary_cross_entropy_with_logits(
            net(batch.window_uV), target, pos_weight=weight
        )
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        losses.append(float(loss.detach()))
print(f"loss {np.mean(losses[:10]):.3f} at first, {np.mean(losses[-10:]):.4f} at last")

# %% [markdown]
# ## Detections
#
# Local maxima above a threshold, at least 1 ms apart. The threshold is chosen on the training part:
# whoever chooses it on the test part reports too good an F1. The rival is the oldest detector there
# is, a threshold on the peak electrode, chosen in the same way.

# %%
from scipy.signal import find_peaks

spikes = spe1.spikes(root, [cell_id])


def over_split(split, score, step=30_000, margin=60):
    """The score of each sample of a split, in pieces with a margin."""
    traces = spe1.CellTraces(f"{root}/{cell_id}/{split}")
    scores = []
    for start in range(traces.first, traces.last, step):
        stop = min(start + step, traces.last)
        low, high = max(start - margin, traces.first), min(stop + margin, traces.last)
        window_uV = np.array(traces.read_uV(low, high, channels=channels))
        scores.append(score(window_uV)[start - low : stop - low])
    return traces.first, np.concatenate(scores)


def learned(window_uV):
    with torch.no_grad():
        return net(torch.from_numpy(window_uV)[None])[0].numpy()


def peak_electrode(window_uV):
    return -window_uV[channels.index(peak)]


def f1(found, true, tolerance=12):
    """Precision, recall and F1; a spike and a detection are paired once, within 0.4 ms."""
    i = j = n_matched = 0
    while i < len(found) and j < len(true):
        if abs(found[i] - true[j]) <= tolerance:
            n_matched, i, j = n_matched + 1, i + 1, j + 1
        elif found[i] < true[j]:
            i += 1
        else:
            j += 1
    precision, recall = n_matched / max(len(found), 1), n_matched / max(len(true), 1)
    return precision, recall, 2 * n_matched / max(len(found) + len(true), 1)


def detect(scores, first, threshold):
    places, _ = find_peaks(scores, height=threshold, distance=30)
    return first + places


curves = {}
for name, score in (("learned", learned), ("threshold on the peak electrode", peak_electrode)):
    results = {}
    for split in ("train", "test"):
        first, scores = over_split(split, score)
        is_in = spikes["split"].to_numpy(zero_copy_only=False) == split
        true = spikes["sample"].to_numpy()[is_in]
        if split == "train":
            _, peaks = find_peaks(scores, height=-np.inf, distance=30)
            highest = np.sort(peaks["peak_heights"])[::-1][: 4 * len(true)]
            thresholds = np.linspace(highest[0], highest[-1], 100)
        results[split] = np.array([f1(detect(scores, first, t), true) for t in thresholds])
    best = np.flatnonzero(results["train"][:, 2] == results["train"][:, 2].max())
    chosen = best[len(best) // 2]
    precision, recall, value = results["test"][chosen]
    curves[name] = (results["test"], chosen)
    print(f"{name}: F1 {value:.3f}, precision {precision:.3f}, recall {recall:.3f}")

# %%
figure, axes = plt.subplots(figsize=(5, 4), layout="constrained")
for name, (curve, chosen) in curves.items():
    (line,) = axes.plot(curve[:, 1], curve[:, 0], label=name)
    axes.plot(curve[chosen, 1], curve[chosen, 0], "o", color=line.get_color())
axes.set(xlabel="recall", ylabel="precision", xlim=(0, 1.05), ylim=(0, 1.05))
axes.set_title("test part; dots: threshold chosen on the training part", fontsize=9)
axes.legend(frameon=False)

# %% [markdown]
# What counts as false here is anything that is not *this* neuron. Another neuron's spike is no
# false detection for a detector of spikes in general; for that question this ground truth has no
# answer.
