"""Which of several right ways to compute an op is the fastest here: asked, measured, remembered.

Off unless asked for. Nothing in here decides what an op means: every candidate is compared with the
backend's own choice before it may win.
"""

from convdispatch.tuning._cache import Winner as Winner
from convdispatch.tuning._cache import cache as cache
from convdispatch.tuning._choosing import Finding as Finding
from convdispatch.tuning._choosing import choice as choice
from convdispatch.tuning._requests import USE as USE
from convdispatch.tuning._requests import Request as Request
from convdispatch.tuning._requests import current_request as current_request
from convdispatch.tuning._requests import is_traced as is_traced
from convdispatch.tuning._requests import outside_trace as outside_trace
from convdispatch.tuning._requests import requested as requested
