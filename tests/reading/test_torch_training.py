"""A small net learns the planted spikes from the windows."""

import pytest
import torch
from torch.utils.data import DataLoader

from spe1_builder.reading.torch import SpikeWindows

N_NEAREST, BATCH = 12, 16


@pytest.fixture(autouse=True)
def one_thread():
    """Sums in one order, so that two runs are equal to the bit."""
    n_threads = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(n_threads)


def train(root, seed: int) -> tuple[list[float], torch.nn.Module]:
    """A convolution over time, from whole cells; the loss of each epoch."""
    windows = SpikeWindows("c14", root, split=None, n_nearest=N_NEAREST, spike_at=(25, 35))
    generator = torch.Generator().manual_seed(seed)
    loader = DataLoader(windows, batch_size=BATCH, shuffle=True, generator=generator)
    with torch.random.fork_rng():
        torch.manual_seed(seed)
        net = torch.nn.Sequential(
            torch.nn.Conv1d(N_NEAREST, 4, 15),
            torch.nn.ReLU(),
            torch.nn.AdaptiveMaxPool1d(1),
            torch.nn.Flatten(),
            torch.nn.Linear(4, 1),
        )
    optimizer = torch.optim.Adam(net.parameters(), lr=0.01)
    losses = []
    for epoch in range(12):
        windows.set_epoch(epoch)
        total = 0.0
        for batch in loader:
            logits = net(batch.window_uV / 50.0)[:, 0]
            loss = torch.nn.functional.binary_cross_entropy_with_logits(logits, batch.label.float())
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            total += loss.item() * len(batch.label)
        losses.append(total / len(windows))
    return losses, net


def test_a_small_net_learns(two_cells):
    """The loss falls to a fifth of a coin's, the same way twice, and it works elsewhere."""
    losses, net = train(two_cells, seed=0)
    assert losses[-1] < 0.2 * 0.693 and losses[-1] < 0.3 * losses[0]
    again, _ = train(two_cells, seed=0)
    assert again == losses
    held_out = SpikeWindows("c5", two_cells, split=None, n_nearest=N_NEAREST)
    batch = next(iter(DataLoader(held_out, batch_size=len(held_out))))
    with torch.no_grad():
        is_right = (net(batch.window_uV / 50.0)[:, 0] > 0) == (batch.label == 1)
    assert is_right.float().mean() > 0.8
