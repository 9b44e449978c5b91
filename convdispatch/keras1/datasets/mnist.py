"""Handwritten digits, from the file where every Keras keeps them."""

from convdispatch.training.datasets import load_mnist as load_data

__all__ = ["load_data"]
