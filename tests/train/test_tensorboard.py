"""TensorBoard's own reader finds in the event files what the history holds."""

import io
from functools import partial

import numpy as np
import pytest
from PIL import Image
from small_training import STEPS, DieAt, KilledError, resumed, trainer

import tinyconv as tc
from tinyconv.errors import DataError
from tinyconv.train import LambdaCallback, SaveCheckpoint, WriteTensorBoard

reader = pytest.importorskip(
    "tensorboard.backend.event_processing.event_accumulator",
    reason="tensorboard is not installed: it reads the files back",
)


def read(folder):
    """All that the event files of a folder hold, nothing thinned out."""
    return reader.EventAccumulator(
        str(folder), dict.fromkeys((reader.SCALARS, reader.HISTOGRAMS, reader.IMAGES), 0)
    ).Reload()


def test_scalars_are_the_history(tmp_path):
    t = trainer(callbacks=[WriteTensorBoard(tmp_path)], validate_every=2)
    history = t.fit(3)
    events = read(tmp_path)
    assert set(events.Tags()["scalars"]) == {name for record in history for name in record} - {"epoch"}
    for tag in events.Tags()["scalars"]:
        expected = [(r["epoch"], pytest.approx(r[tag], rel=1e-6)) for r in history if tag in r]
        assert [(e.step, e.value) for e in events.Scalars(tag)] == expected
    assert [e.step for e in events.Images("confusion")] == [2, 3]


def test_histograms_are_those_of_the_weights(tmp_path):
    t = trainer(callbacks=[WriteTensorBoard(tmp_path)])
    t.fit(1)
    for path, p in t.model.named_parameters():
        (event,) = read(tmp_path).Histograms(f"weights/{path}")
        h, w = event.histogram_value, p.detach().numpy().astype(float).ravel()
        assert (h.num, h.min, h.max) == (w.size, w.min(), w.max())
        assert h.sum == pytest.approx(w.sum())
        assert h.sum_squares == pytest.approx((w**2).sum())
        low = [w.min(), *h.bucket_limit[:-1]]
        for a, b, count in zip(low, h.bucket_limit, h.bucket, strict=True):
            last = b == h.bucket_limit[-1]
            assert count == ((w >= a) & ((w <= b) if last else (w < b))).sum()


def test_weights_that_are_nan_are_left_out_of_histograms(tmp_path):
    def spoil(trainer):
        with tc.no_grad():
            trainer.model[0].bias[0] = np.nan
            trainer.model[6].bias.fill_(np.inf)

    t = trainer(callbacks=[LambdaCallback(on_epoch_end=spoil), WriteTensorBoard(tmp_path)])
    t.fit(1)
    events = read(tmp_path)
    assert events.Histograms("weights/0.bias")[0].histogram_value.num == 3
    assert events.Histograms("weights/6.bias")[0].histogram_value.num == 0


def test_no_histograms(tmp_path):
    trainer(callbacks=[WriteTensorBoard(tmp_path, histograms=False)]).fit(1)
    assert read(tmp_path).Tags()["histograms"] == []


def test_the_picture_of_the_confusion_matrix(tmp_path):
    t = trainer(callbacks=[WriteTensorBoard(tmp_path)])
    t.fit(1)
    (event,) = read(tmp_path).Images("confusion")
    pixels = np.asarray(Image.open(io.BytesIO(event.encoded_image_string))).astype(int)
    assert pixels.shape == (event.height, event.width, 3) == (318, 318, 3)
    m = t.evaluation.confusion_matrix
    shares = m / m.sum(1, keepdims=True)
    for i in range(3):
        for j in range(3):
            cell = pixels[106 * i : 106 * (i + 1), 106 * j : 106 * (j + 1)]
            expected = [round(255 + shares[i, j] * (blue - 255)) for blue in (0, 114, 178)]
            assert np.abs(cell - expected).max() <= 1


def test_after_a_resume_every_epoch_is_there_once(tmp_path):
    make = partial(trainer, [WriteTensorBoard(tmp_path / "events")])
    t = make()
    t.callbacks += [SaveCheckpoint(tmp_path / "checkpoint.safetensors"), DieAt(3 * STEPS)]
    with pytest.raises(KilledError):
        t.fit(4)
    torn = next((tmp_path / "events").iterdir())
    torn.write_bytes(torn.read_bytes() + torn.read_bytes()[:30])  # half a record more, as kill -9 may leave it
    state = (tmp_path / "checkpoint.safetensors").read_bytes()
    again = resumed(tmp_path, make)
    again.fit(4)
    (tmp_path / "checkpoint.safetensors").write_bytes(state)
    third = resumed(tmp_path, make)  # from the same place once more
    third.fit(4)
    events = read(tmp_path / "events")
    assert [e.step for e in events.Scalars("loss")] == [1, 2, 3, 4]
    assert len(list((tmp_path / "events").iterdir())) == 3
    assert [e.value for e in events.Scalars("val_loss")][-1] == pytest.approx(third.history[-1]["val_loss"], rel=1e-6)


def test_a_folder_that_cannot_be_written(tmp_path):
    (tmp_path / "file").write_text("")
    t = trainer(callbacks=[WriteTensorBoard(tmp_path / "file")])
    with pytest.raises(DataError, match=r"WriteTensorBoard: .*file cannot be written: .*Name a folder"):
        t.fit(1)


def test_a_full_disk(tmp_path):
    def fill(trainer):
        writer = trainer.callbacks[0]
        writer._file.close()
        writer._file = open("/dev/full", "wb", buffering=0)  # noqa: SIM115  # the writer closes it

    t = trainer(callbacks=[WriteTensorBoard(tmp_path), LambdaCallback(on_epoch_begin=fill)])
    with pytest.raises(DataError, match="WriteTensorBoard: /dev/full cannot be written: No space left"):
        t.fit(1)
