"""The curves that grow in a notebook while a model trains; the notebook is a stand-in."""

import sys
from types import ModuleType, SimpleNamespace

import pytest
import small_training

from tinyconv.train import LivePlot
from tinyconv.train.callbacks.live_plot import in_notebook


@pytest.fixture
def notebook(monkeypatch):
    """A notebook that remembers what it was shown."""
    shown = []

    def update(html):
        shown.append(html)
        if notebook.broken:
            raise ConnectionError

    def display(html, display_id):
        assert display_id is True
        shown.append(html)
        return SimpleNamespace(update=update)

    notebook = SimpleNamespace(shown=shown, broken=False)
    ipython, show = ModuleType("IPython"), ModuleType("IPython.display")
    ipython.get_ipython = lambda: SimpleNamespace(kernel="a kernel")
    show.HTML, show.display = str, display
    monkeypatch.setitem(sys.modules, "IPython", ipython)
    monkeypatch.setitem(sys.modules, "IPython.display", show)
    return notebook


def ticking(step):
    """A clock that goes on by so many seconds whenever it is read."""
    state = {"now": 0.0}

    def clock():
        state["now"] += step
        return state["now"]

    return clock


def test_it_is_drawn_as_training_goes_on(notebook):
    plain = small_training.trainer().fit(2)
    history = small_training.trainer(callbacks=[LivePlot(ticking(0.4))]).fit(2)
    drop = ("seconds", "images_per_second")
    assert [{k: r[k] for k in r if k not in drop} for r in history] == [
        {k: r[k] for k in r if k not in drop} for r in plain
    ]  # looking changes nothing
    first, *others = notebook.shown
    assert ">begins<" in first
    notes = [text.split('class="tcn-pale">')[1].split("<")[0] for text in others[:-1]]
    assert notes[0].startswith("epoch 1/2, step 3/7, loss ")
    assert notes.count("epoch 1/2 is complete") == notes.count("epoch 2/2 is complete") == 1
    assert 4 <= len(notes) <= 10  # not at every one of the 14 steps
    assert "epoch 2/2" not in others[-1]
    assert [text.count("<polyline") for text in (first, others[-1])] == [0, 4]


def test_the_epoch_of_a_run_that_is_stopped(notebook):
    trainer = small_training.trainer(callbacks=[LivePlot(ticking(0))])
    trainer.callbacks[0].on_batch_begin = lambda trainer, *batch: setattr(trainer, "stop", trainer.step == 2)
    trainer.fit(2)
    assert "ended in epoch 1" in notebook.shown[-1]


def test_a_page_that_is_closed_does_not_end_the_training(notebook):
    notebook.broken = True
    assert len(small_training.trainer(callbacks=[LivePlot(ticking(2))]).fit(1)) == 1
    assert len(notebook.shown) > 2


def test_nothing_happens_elsewhere(monkeypatch, capsys):
    monkeypatch.delitem(sys.modules, "IPython", raising=False)
    small_training.trainer(callbacks=[LivePlot()]).fit(1)
    assert capsys.readouterr() == ("", "")


def test_what_counts_as_a_notebook(monkeypatch):
    monkeypatch.delitem(sys.modules, "IPython", raising=False)
    assert not in_notebook()
    ipython = ModuleType("IPython")
    monkeypatch.setitem(sys.modules, "IPython", ipython)
    for shell, expected in ((None, False), (SimpleNamespace(), False), (SimpleNamespace(kernel=1), True)):
        ipython.get_ipython = lambda shell=shell: shell
        assert in_notebook() is expected
