"""How long a figure takes to follow a slider in the browser; run by name on a quiet machine.

    python -m pytest tests/browser/bench_slider.py -s
"""
import numpy as np
from test_widgets import EXPLORE

TARGET_MS, PRESSES = 150, 60


def test_slider_to_redrawn_figure(open_lab):
    page = open_lab("speed.ipynb", [EXPLORE.replace("0, 20, 5", "0, 80, 0")])
    page.run_all()
    page.redraw_times("Noise (dB)", 5)                  # the first figures load fonts
    times = page.redraw_times("Noise (dB)", PRESSES)
    middle, late = np.percentile(times, (50, 95))
    print(f"\nslider to redrawn figure: {middle:.0f} ms, 95th percentile {late:.0f} ms")
    assert late <= TARGET_MS
