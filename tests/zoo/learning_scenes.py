"""The net for cells, on digits. What the nets for scenes learn is in test_segmentation.py, test_detection.py, ..."""

from zoo.learning import Lesson

LESSONS = {"cellnet": Lesson({"width": 12, "hidden": 64, "dropout": 0.0})}
