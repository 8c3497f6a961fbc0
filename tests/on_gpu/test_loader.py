"""A loader whose batches are on a GPU: those of one whose batches are not."""

import numpy as np
import pytest
from on_gpu import stand_in
from on_gpu.conftest import needs_compiler
from small_training import digits, trainer

import tinyconv as tc
from tinyconv.data import Compose, DataLoader, Dataset, Mixup, Normalize, RandomCrop


def batches(device, workers=0, images=None, **options):
    tc.manual_seed(5)
    data = digits() if images is None else Dataset(images, np.arange(len(images)), len(images))
    transform = Compose([RandomCrop(6, padding=1), Normalize([0.5], [0.25])])
    loader = DataLoader(data, 8, shuffle=True, transform=transform, num_workers=workers, device=device, **options)
    return [(x, t) for _ in range(2) for x, t in loader]


@pytest.mark.parametrize("workers", [0, 2])
@pytest.mark.parametrize("mix", [None, Mixup(0.3, 3)], ids=["labels", "mixed"])
def test_the_same_batches(workers, mix, device):
    here, there = batches("cpu", mix=mix), batches(device, workers, mix=mix)
    assert len(here) == len(there) == 14
    for (x, t), (x0, t0) in zip(there, here, strict=True):
        assert (x.device, t.device) == ("cuda:0", "cpu")
        np.testing.assert_allclose(x.cpu().numpy(), x0.numpy(), rtol=1e-5, atol=1e-5)
        np.testing.assert_array_equal(t.numpy(), t0.numpy())


@needs_compiler
def test_the_next_batch_is_sent_before_this_one_is_worked_on():
    with stand_in.installed():
        loader = DataLoader(digits(), 8, device="cuda")
        stand_in.transfers.clear()
        for i, _ in enumerate(loader):
            assert stand_in.transfers["to the GPU"] == min(i + 2, 7)


def test_batches_that_were_handed_out_stay_as_they_are(device):
    found = batches(device)
    again = batches(device)
    for (x, _), (y, _) in zip(found, again, strict=True):
        np.testing.assert_array_equal(x.cpu().numpy(), y.cpu().numpy())


def test_a_checkpoint_within_an_epoch(device):
    """The batch that was sent ahead is not yet handed out."""
    loader = DataLoader(digits(), 8, shuffle=True, device=device)
    epoch = iter(loader)
    for _ in range(3):
        next(epoch)
    state = loader.state_dict()
    rest = [x.cpu().numpy() for x, _ in epoch]
    again = DataLoader(digits(), 8, shuffle=True, device=device)
    again.load_state_dict(state)
    found = [x.cpu().numpy() for x, _ in again]
    assert len(found) == len(rest) == 4
    for x, y in zip(found, rest, strict=True):
        np.testing.assert_array_equal(x, y)


def test_training_with_it(device):
    plain, ahead = trainer(device=device), trainer(device=device)
    for t, where in ((plain, "cpu"), (ahead, device)):
        tc.manual_seed(3)
        t.model.load_state_dict(trainer(device=device).model.state_dict())
        t.loader.device = where
        tc.manual_seed(3)
        t.fit(2)
    assert ahead.history[-1]["loss"] == pytest.approx(plain.history[-1]["loss"], rel=1e-4)
