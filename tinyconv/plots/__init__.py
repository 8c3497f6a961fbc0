"""Pictures of runs, models and what models see, as PNG or SVG. They need matplotlib: pip install 'tinyconv[viz]'."""

from .augmented import plot_augmented
from .confusion import plot_confusion
from .curves import plot_comparison, plot_curves
from .feature_maps import feature_maps, plot_feature_maps
from .filters import filters_of, plot_filters
from .gallery import plot_gallery, plot_mistakes
from .grad_cam import grad_cam, plot_grad_cam
from .occlusion import occlusion_sensitivity, plot_occlusion
from .scores import plot_scores
from .style import available

__all__ = [
    "available",
    "feature_maps",
    "filters_of",
    "grad_cam",
    "occlusion_sensitivity",
    "plot_augmented",
    "plot_comparison",
    "plot_confusion",
    "plot_curves",
    "plot_feature_maps",
    "plot_filters",
    "plot_gallery",
    "plot_grad_cam",
    "plot_mistakes",
    "plot_occlusion",
    "plot_scores",
]
