"""Template matching: nearest wins, shipped templates are those of the tables, odd input gets a sentence."""
import numpy as np
import pytest
from sklearn.base import clone
from sklearn.neighbors import KNeighborsClassifier

from course_lib.cycle import templates
from course_lib.cycle.templates import COPIES, READINGS, Templates, spoken
from course_lib.world import speech
from course_lib.world.tables import DATA, table
from course_lib.world.world import World


def some(rng=np.random.default_rng(0), n=60, d=8, cards=5):
    return rng.standard_normal((n, d)), np.array([f"c{i % cards:02d}" for i in range(n)])


def test_the_nearest_template_wins_as_for_one_neighbour_by_cosine():
    X, y = some()
    model = Templates().fit(X, y)
    Z = (X - X.mean(axis=0)) / X.std(axis=0)
    oracle = KNeighborsClassifier(1, metric="cosine").fit(Z, y)
    asked = np.random.default_rng(1).standard_normal((40, 8))
    assert (model.predict(asked) == oracle.predict((asked - X.mean(axis=0)) / X.std(axis=0))).all()


def test_templates_know_themselves_and_their_order_does_not_matter():
    X, y = some()
    model, turned = Templates().fit(X, y), Templates().fit(X[::-1], y[::-1])
    assert (model.predict(X) == y).all() and np.allclose(model.predict_proba(X), turned.predict_proba(X))
    shares = model.predict_proba(X)
    assert np.allclose(shares.sum(axis=1), 1) and (shares >= 0).all()
    assert clone(model).sharpness == model.sharpness


def test_odd_input_gets_a_sentence():
    X, y = some()
    for bad in ((X[0], y), (X, y[:3]), (X[:0], y[:0])):
        with pytest.raises(ValueError, match="templates of shape"):
            Templates().fit(*bad)
    with pytest.raises(ValueError):
        Templates().predict(X)                          # not fitted
    with pytest.raises(ValueError):
        Templates().fit(X, y).predict(X[:, :3])


def test_every_name_that_is_spoken_as_itself_has_its_templates():
    cards = table("cards")
    own = cards.index[cards["spoken_as"] == ""]
    counts = spoken().index.value_counts()
    assert set(counts.index) == set(own) and (counts == len(READINGS) * (1 + COPIES)).all()
    assert spoken().shape[1] == World(0).features(World(0).days(0, 1)).shape[1] and np.isfinite(spoken().to_numpy()).all()
    assert (DATA / "templates.npz").stat().st_size < 1_000_000


def test_shipped_templates_are_those_that_the_synthesiser_reads():
    if not speech.available():
        pytest.skip("espeak-ng does not load here")
    made = templates.read_names()
    assert made.index.equals(spoken().index)
    assert np.allclose(made.to_numpy(), spoken().to_numpy(), atol=.02, rtol=2e-3)


def test_other_tables_ask_for_other_templates(tmp_path, monkeypatch):
    import shutil
    for path in DATA.glob("*.csv"):
        shutil.copy(path, tmp_path)
    for name in ("world.yaml", "templates.npz"):
        shutil.copy(DATA / name, tmp_path)
    asked = []
    monkeypatch.setattr(templates, "read_names", lambda folder: asked.append(folder) or "read again")
    assert len(spoken(tmp_path)) == len(spoken()) and not asked
    text = (tmp_path / "cards.csv").read_text(encoding="utf-8").replace("Mira Delvane", "Mira Delvano")
    (tmp_path / "cards.csv").write_text(text, encoding="utf-8")
    from course_lib.world import tables
    for cached in (tables.table, templates.spoken):
        getattr(cached, "cache_clear", lambda: None)()
    assert spoken(tmp_path) == "read again" and asked == [tmp_path]
    templates.spoken.cache_clear()
