"""Every saboteur: importing this module fills the table."""

from __future__ import annotations

import saboteurs_channels
import saboteurs_declarations
import saboteurs_functions
import saboteurs_geometry
import saboteurs_gradients
import saboteurs_half
import saboteurs_kinks
import saboteurs_layers
import saboteurs_leaving
import saboteurs_limits
import saboteurs_magnitudes
import saboteurs_memory
import saboteurs_numbers
import saboteurs_pads
import saboteurs_places
import saboteurs_pooling
import saboteurs_portable
import saboteurs_random
import saboteurs_range
import saboteurs_reshaping
import saboteurs_resizing
import saboteurs_scanning
import saboteurs_special
import saboteurs_stale
import saboteurs_state
import saboteurs_steps
import saboteurs_tensors
import saboteurs_training
import saboteurs_unknown_sizes
import saboteurs_vast
from sabotage import SABOTEURS, Sabotage, Sabotaged, registered

FAMILIES = (
    saboteurs_geometry,
    saboteurs_channels,
    saboteurs_limits,
    saboteurs_pads,
    saboteurs_reshaping,
    saboteurs_numbers,
    saboteurs_gradients,
    saboteurs_functions,
    saboteurs_half,
    saboteurs_tensors,
    saboteurs_state,
    saboteurs_declarations,
    saboteurs_pooling,
    saboteurs_resizing,
    saboteurs_places,
    saboteurs_portable,
    saboteurs_random,
    saboteurs_steps,
    saboteurs_training,
    saboteurs_unknown_sizes,
    saboteurs_scanning,
    saboteurs_layers,
    saboteurs_vast,
    saboteurs_memory,
    saboteurs_stale,
    saboteurs_leaving,
    saboteurs_range,
    saboteurs_magnitudes,
    saboteurs_special,
    saboteurs_kinks,
)

__all__ = ["FAMILIES", "SABOTEURS", "Sabotage", "Sabotaged", "registered"]
