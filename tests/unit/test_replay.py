"""Replay: two paths are followed stage by stage, and part where they part."""
import numpy as np
import pytest
from sklearn.pipeline import Pipeline

from course_lib.cycle import replay
from course_lib.cycle.process import ServiceError
from course_lib.world import features


@pytest.fixture(scope="module")
def vectors(utterances):
    return features.features(utterances[:12], 8_000)


def test_stages_end_in_the_scores_of_the_pipeline(model, vectors):
    found = replay.stages(model, vectors)
    assert list(found) == ["features", "into the classifier", "scores"]
    np.testing.assert_array_equal(found["scores"], model.predict_proba(vectors))
    np.testing.assert_array_equal(found["into the classifier"], model[0].transform(vectors))


def test_equal_paths_do_not_part_and_a_second_scaling_shows_where_it_is(model, vectors, utterances):
    twice = Pipeline([("serving normaliser", model[0]), *model.steps])
    trained = replay.replayed(utterances[:12], 8_000, model)
    assert replay.differences(replay.stages(model, vectors), trained)["differ"].tolist() == [0, 0, 0]
    found = replay.differences(replay.stages(twice, vectors), trained)
    assert found.index.tolist() == ["features", "into the classifier", "scores"]
    assert found.loc["features", "differ"] == 0 and found.loc["into the classifier", "differ"] > 400 and found.loc["scores", "differ"] > 0


def test_one_changed_column_is_counted(model, vectors):
    changed = vectors.copy()
    changed[3, 7] += 1
    found = replay.differences(replay.stages(model, changed), replay.stages(model, vectors))
    assert found.loc["features", "differ"] == 1 and found.loc["features", "largest"] == pytest.approx(1, abs=1e-4)
    with pytest.raises(ValueError, match="stage 'features' has shape"):
        replay.differences(replay.stages(model, vectors[:3]), replay.stages(model, vectors))


class Echo:
    """A service that says what it was told."""

    def recognize(self, body, device=None, user=None, day=None):
        if body == b"bad":
            raise ServiceError("400: not a WAV file")
        return dict(body=body, device=device)


def test_answers_come_in_the_order_of_the_bodies():
    bodies = [bytes([i]) for i in range(50)]
    assert replay.send(Echo(), bodies)["body"].tolist() == bodies
    with pytest.raises(ServiceError, match="not a WAV"):
        replay.send(Echo(), [b"bad"])
    import pandas as pd
    rows = pd.DataFrame(dict(device=["phone"], user=["u1"], day=[0]))
    assert replay.send(Echo(), [b"a"], rows)["device"].tolist() == ["phone"]
    with pytest.raises(ValueError, match="1 rows for 2"):
        replay.send(Echo(), [b"a", b"b"], rows)
