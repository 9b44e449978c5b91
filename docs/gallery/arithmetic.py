"""A stride and a pad, drawn.

The drawing is here until a better one comes.
"""

from matplotlib import pyplot

figure = pyplot.figure(label="A line from 0 to 1")
figure.gca().plot([0, 1])
print("2 cells")
