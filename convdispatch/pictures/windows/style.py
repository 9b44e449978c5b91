"""The colours of pictures of windows, in light and in dark.

Three hues that the colour-blind tell apart (of Okabe and Ito's set), each with a shape of its own.
"""

from __future__ import annotations

CLASS = "convdispatch-window"
_FONT = 'system-ui,-apple-system,"Segoe UI",Roboto,"Helvetica Neue",Arial,sans-serif'
_STYLE = """\
.{0}{{font:11px {1};max-width:100%;height:auto}}
.{0} .paper{{fill:#fff}}
.{0} text{{fill:#1c2733}}
.{0} .heading{{font-weight:600;font-size:13px}}
.{0} .side,.{0} .side text,.{0} .tick text{{fill:#51606f}}
.{0} .tick text{{font-size:9px;text-anchor:middle}}
.{0} .number text,.{0} .mid{{text-anchor:middle}}
.{0} .cell{{fill:#dfe7f1}}
.{0} .unread{{fill:#eef1f5}}
.{0} .strike{{fill:none;stroke:#7b8896}}
.{0} .pad{{fill:none;stroke:#7b8896;stroke-dasharray:2 1.6}}
.{0} .crop{{fill:#f4f1ea;stroke:#9a8f7a}}
.{0} .cross{{fill:none;stroke:#85754f}}
.{0} .first{{fill:#0072b2}}
.{0} .chosen{{fill:none;stroke:#c2500a;stroke-width:1.8}}
.{0} .last{{fill:#00795a}}
.{0} .hit{{fill:transparent}}
.{0} .hit:hover{{stroke:#1c2733}}
.{0} .stride{{fill:none;stroke:#0072b2;stroke-width:1.1}}
.{0} .link{{fill:none;stroke:#a9b4c1;stroke-width:.8}}
.{0} .link.of-first{{stroke:#0072b2;stroke-width:1.5}}
.{0} .link.of-chosen{{stroke:#c2500a;stroke-width:1.5;stroke-dasharray:5 2.5}}
.{0} .link.of-last{{stroke:#00795a;stroke-width:1.5;stroke-dasharray:1.5 2}}
.{0} .arrow,.{0} .dots{{fill:none;stroke:#51606f;stroke-width:1.2}}
.{0} .dots{{stroke-width:2;stroke-linecap:round}}
@media (prefers-color-scheme:dark){{
.{0} .paper{{fill:#161b22}}
.{0} text{{fill:#e8edf3}}
.{0} .side,.{0} .side text,.{0} .tick text{{fill:#a8b4c2}}
.{0} .cell{{fill:#33404f}}
.{0} .unread{{fill:#232b35}}
.{0} .strike,.{0} .pad{{stroke:#8795a5}}
.{0} .crop{{fill:#2b2820;stroke:#8f8463}}
.{0} .cross{{stroke:#b7a878}}
.{0} .first{{fill:#56b4e9}}
.{0} .chosen{{stroke:#ff9a4d}}
.{0} .last{{fill:#3ddc9f}}
.{0} .hit:hover{{stroke:#e8edf3}}
.{0} .stride{{stroke:#56b4e9}}
.{0} .link{{stroke:#566475}}
.{0} .link.of-first{{stroke:#56b4e9}}
.{0} .link.of-chosen{{stroke:#ff9a4d}}
.{0} .link.of-last{{stroke:#3ddc9f}}
.{0} .arrow,.{0} .dots{{stroke:#a8b4c2}}
}}
"""
STYLE = _STYLE.format(CLASS, _FONT)
