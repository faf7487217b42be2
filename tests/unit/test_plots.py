"""Figures: readable, told apart without colour, described in words."""
import base64
import io

import numpy as np
import pytest
from matplotlib.text import Text
from PIL import Image

from course_lib.learn import plots


@pytest.fixture(autouse=True)
def page_style():
    plots.style()
    yield
    plots.style()


def every_kind():
    """One figure of each kind, as a learner may meet it."""
    clip = np.sin(np.arange(4_000) / 5).astype(np.float32) / 2
    interval = [(.9, .96), (.6, .7)]
    yield plots.estimate(plots.axes(), ["launch", "June"], [.94, .65], interval, "It falls", "accuracy")
    yield plots.bars(plots.axes(), ["wrong card", "sorry?"], [1200, 80], None, "Wrong cards cost most", "euro a week")
    yield plots.bars(plots.axes(), ["everything else that a team could have done with the money", "b"], [-3, 5], [(-4, -2), (4, 6)],
                     "A finding so long that it needs two lines, said beside row labels that are long as well, and never cut", "cents")
    yield plots.timeline(plots.axes(), range(5), {"test": [1] * 5, "users": range(5)}, {2: "new names"}, "It parts")
    yield plots.spectrogram(plots.axes(), clip, 16_000, "A tone")
    yield plots.waveform(plots.axes(), clip, 16_000, "A tone")


def drawn(ax):
    """The pixels of a figure and, after drawing, its visible texts with their boxes."""
    picture = plots.as_image(ax.figure, "words")
    texts = [t for t in ax.figure.findobj(Text) if t.get_text() and t.get_visible()]
    return Image.open(io.BytesIO(picture.png)), texts


def test_projector_makes_every_text_at_least_18_points():
    assert min(t.get_fontsize() for ax in every_kind() for t in drawn(ax)[1]) >= 11
    plots.projector()
    for ax in every_kind():
        plots.guess_mark(ax, .5)
        assert min(t.get_fontsize() for t in drawn(ax)[1]) >= 18


@pytest.mark.parametrize("set_style", [plots.style, plots.projector])
def test_nothing_is_cut_off_at_the_edges(set_style):
    set_style()
    for ax in every_kind():
        image, _ = drawn(plots.guess_mark(ax, .5))
        pixels = np.asarray(image.convert("L"))
        frame = np.concatenate([pixels[:2].ravel(), pixels[-2:].ravel(), pixels[:, :2].ravel(), pixels[:, -2:].ravel()])
        assert frame.min() > 245, ax.get_title(loc="left")


@pytest.mark.parametrize("far", [6, 60])
def test_a_number_stands_beyond_its_bar_on_either_side(far):
    ax = plots.bars(plots.axes(), ["less, in a row whose label is long", "more"], [-3, far - 1], [(-4, -2), (4, far)])
    drawn(ax)
    inverse = ax.transData.inverted()
    less, more = ([inverse.transform(corner)[0] for corner in text.get_window_extent().get_points()] for text in ax.texts)
    assert ax.get_xlim()[0] < min(less) and max(less) < -4 and min(more) > far


def test_other_words_in_a_figure_of_bars_are_left_alone():
    ax = plots.axes()
    ax.text(.99, .03, "your guess", transform=ax.transAxes)
    assert plots.bars(ax, ["a"], [3], finding="one", unit="cents").get_xlim()[1] > 3


@pytest.mark.parametrize("set_style", [plots.style, plots.projector])
@pytest.mark.parametrize("values, intervals", [([12_345, 8_210], [(11_000, 13_700), (7_000, 9_400)]), ([-1_234, 5], [(-1_500, -900), (-80, 90)]),
                                               ([.123, -.456], [(.1, .15), (-.6, -.3)]), ([88, 91], None)])
def test_the_number_of_a_bar_stands_inside_the_axes(set_style, values, intervals):
    set_style()
    ax = plots.bars(plots.axes(), ["mend the voices of the new market, all", "short"], values, intervals)
    drawn(ax)
    inside = ax.get_window_extent()
    boxes = [text.get_window_extent() for text in ax.texts]
    assert min(box.x0 for box in boxes) >= inside.x0 and max(box.x1 for box in boxes) <= inside.x1 - 2


def test_series_differ_without_colour():
    ax = plots.timeline(plots.axes(), range(5), {str(i): np.arange(5) + i for i in range(6)})
    assert len({(line.get_marker(), line.get_linestyle()) for line in ax.lines}) == 6
    assert len({line.get_marker() for line in ax.lines}) == 6
    rows = plots.bars(plots.axes(), list("abcdef"), [1] * 6).patches
    assert len({bar.get_hatch() for bar in rows}) == 6


def test_colours_stay_apart_for_the_colour_blind():
    """Machado et al. (2009), severity 1: deuteranopia, protanopia; no two colours fall together."""
    linear = np.array([[int(c[i:i + 2], 16) / 255 for i in (1, 3, 5)] for c in plots.COLOURS]) ** 2.2
    for matrix in ([[.367322, .860646, -.227968], [.280085, .672501, .047413], [-.011820, .042940, .968881]],
                   [[.152286, 1.052583, -.204868], [.114503, .786281, .099216], [-.003882, -.048116, 1.051998]]):
        seen = np.clip(linear @ np.array(matrix).T, 0, 1) ** (1 / 2.2)
        apart = np.linalg.norm(seen[:, None] - seen, axis=-1)[np.triu_indices(len(seen), 1)]
        assert apart.min() > .1


def test_estimate_draws_what_it_is_given():
    ax = plots.estimate(plots.axes(), ["a", "b"], [.5, .25], [(.4, .6), None], "Finding", "share")
    points = [line for line in ax.lines if line.get_marker() != "|"]
    assert [(float(p.get_xdata()[0]), float(p.get_ydata()[0])) for p in points] == [(.5, 0), (.25, 1)]
    (span,) = [line for line in ax.lines if line.get_marker() == "|"]
    assert list(span.get_xdata()) == [.4, .6]
    assert ax.get_title(loc="left") == "Finding" and ax.get_xlabel() == "share"


@pytest.mark.parametrize("along, guess", [("x", .2), ("x", 5.0), ("x", -3.0), ("y", -4.0), ("y", .5)])
def test_a_guess_anywhere_is_inside_the_axes(along, guess):
    ax = plots.guess_mark(plots.estimate(plots.axes(), ["a", "b"], [.5, .25]), guess, along)
    low, high = sorted(ax.get_xlim() if along == "x" else ax.get_ylim())
    assert low < guess < high
    assert f"your guess: {guess:.3g}" in [t.get_text() for t in ax.texts]


def test_a_spectrogram_shows_a_tone_at_its_pitch():
    rate = 16_000
    ax = plots.spectrogram(plots.axes(), np.sin(2 * np.pi * 2_000 * np.arange(rate) / rate), rate)
    (image,) = ax.images
    rows = np.asarray(image.get_array()).mean(axis=1)
    bottom, top = image.get_extent()[2:]
    assert bottom + (rows.argmax() + .5) / len(rows) * (top - bottom) == pytest.approx(2, abs=.05)


@pytest.mark.parametrize("clip", [np.zeros(0), np.zeros(5), np.zeros(800)])
def test_a_spectrogram_of_nearly_nothing_is_drawn(clip):
    assert plots.as_image(plots.spectrogram(plots.axes(), clip, 16_000).figure, "silence").png


def test_long_findings_are_broken_into_lines_that_fit():
    ax = plots.estimate(plots.axes(), ["a"], [1], finding="The test score stands still while users suffer " * 3)
    drawn(ax)
    assert "\n" in ax.get_title(loc="left")
    assert ax._left_title.get_window_extent().x1 <= ax.figure.bbox.x1


def test_a_picture_carries_its_description_and_is_small():
    for ax in every_kind():
        picture = plots.as_image(ax.figure, 'Accuracy "falls"\n from .94 to .65')
        bundle = picture._repr_mimebundle_()
        assert 'alt="Accuracy &quot;falls&quot; from .94 to .65"' in bundle["text/html"]
        assert bundle["text/plain"] == 'Accuracy "falls" from .94 to .65'
        assert base64.b64encode(picture.png).decode() in bundle["text/html"]
        assert len(picture.png) < 40_000


def test_what_is_wrong_is_said():
    with pytest.raises(ValueError, match="describe in a sentence"):
        plots.as_image(plots.axes().figure, " ")
    with pytest.raises(ValueError, match="2 labels, 1 values"):
        plots.estimate(plots.axes(), ["a", "b"], [1])


def test_a_second_axes_is_laid_out_too():
    ax = plots.axes()
    ax.figure.colorbar(ax.imshow(np.eye(3)), label="share")
    ax.set_ylabel("a rather long name of an axis")
    image, texts = drawn(ax)
    boxes = [t.get_window_extent() for t in texts]
    assert min(box.x0 for box in boxes) >= 0 and max(box.x1 for box in boxes) <= image.width


def test_a_figure_of_pyplot_is_shown_once():
    pyplot = pytest.importorskip("matplotlib.pyplot")
    figure, _ = pyplot.subplots()
    plots.as_image(figure, "words")
    assert not pyplot.fignum_exists(figure.number)


@pytest.mark.parametrize("along", ["x", "y"])
def test_the_words_of_two_guesses_lie_apart(along):
    ax = plots.guess_marks(plots.timeline(plots.axes(), range(12), {"a": range(12)}), {"test": 8, "production": 7, "third": 7}, along)
    boxes = [t.get_window_extent() for t in drawn(ax)[1] if "your guess" in t.get_text()]
    assert len(boxes) == 2 and not boxes[0].overlaps(boxes[1])


def test_weeks_are_whole_numbers():
    ax = plots.timeline(plots.axes(), range(12), {"a": range(12)})
    drawn(ax)
    numbers = [float(t.get_text().replace("\N{MINUS SIGN}", "-")) for t in ax.get_xticklabels()]
    assert len(numbers) > 3 and all(number == int(number) for number in numbers)
