"""Labels in doubt: planted errors come back, readers stay apart, bad input gets a sentence."""
import numpy as np
import pandas as pd
import pytest
from sklearn.dummy import DummyClassifier
from sklearn.linear_model import LogisticRegression

from course_lib.cycle.labels_in_doubt import label_issues, out_of_fold


def planted(wrong=6, seed=0):
    """Three cards by twelve readers, easily told apart; some labels are another card's."""
    rng = np.random.default_rng(seed)
    cards, readers = np.tile(np.repeat(["c01", "c02", "c03"], 4), 12), np.repeat(np.arange(12), 12)
    X = 3 * np.eye(3)[[int(c[-1]) - 1 for c in cards]] + .5 * rng.standard_normal((144, 3))
    labels, chosen = cards.copy(), rng.permutation(144)[:wrong]
    labels[chosen] = ["c02" if c == "c01" else "c01" for c in labels[chosen]]
    return X, labels, readers, set(chosen.tolist())


def test_planted_errors_come_back():
    X, labels, readers, wrong = planted()
    found = label_issues(labels, out_of_fold(LogisticRegression(), X, labels, readers))
    flagged = set(found.index[found["issue"]])
    assert len(wrong & flagged) >= 5 and len(flagged - wrong) <= 3
    assert (found["suggested"] != found["label"])[list(wrong)].all()


def test_each_reader_is_judged_by_a_model_that_never_heard_them():
    heard = []

    class Spy(DummyClassifier):
        def fit(self, X, y):
            heard.append(set(X[:, 0]))
            return super().fit(X, y)

        def predict_proba(self, X):
            assert not heard[-1] & set(X[:, 0])
            return super().predict_proba(X)
    readers = np.repeat(np.arange(6), 4)
    out = out_of_fold(Spy(), readers[:, None].astype(float), ["c01", "c02"] * 12, readers)
    assert out.shape == (24, 2) and len(heard) == 3


def test_columns_in_another_order_change_nothing():
    X, labels, readers, _ = planted()
    given = out_of_fold(LogisticRegression(), X, labels, readers)
    pd.testing.assert_frame_equal(label_issues(labels, given), label_issues(labels, given[["c03", "c01", "c02"]]))


@pytest.mark.parametrize("change, words", [
    (dict(labels=["c01"] * 11 + ["c09"]), "'c09' is read by one reader alone"),
    (dict(labels=["c01"] * 11 + [None]), "1 of 12 labels are missing"),
    (dict(labels=["c01"] * 12), "every label is 'c01'"),
    (dict(readers=[0, 1] * 6), "2 readers cannot be divided into 3 folds"),
    (dict(readers=[0, 1, 2]), "12 feature vectors, 12 labels and 3 readers arrived"),
])
def test_out_of_fold_names_what_is_wrong(change, words):
    given = dict(labels=["c01", "c02"] * 6, readers=list(range(4)) * 3) | change
    with pytest.raises(ValueError, match=words):
        out_of_fold(LogisticRegression(), np.zeros((12, 2)), given["labels"], given["readers"])


@pytest.mark.parametrize("labels, probabilities, words", [
    (["c01", "c02"], np.full((2, 2), .5), "ndarray arrived; a DataFrame whose columns name the cards"),
    (["c01"], pd.DataFrame(np.full((2, 2), .5), columns=["c01", "c02"]), "1 labels and 2 rows"),
    (["c01", "c07"], pd.DataFrame(np.full((2, 2), .5), columns=["c01", "c02"]), "the first is 'c07'"),
    (["c01", "c02"], pd.DataFrame([[.5, .5], [np.nan, .5]], columns=["c01", "c02"]), "1 of 2 rows of probabilities .* the first is row 1"),
    (["c01", "c02"], pd.DataFrame([[.5, .5], [1.5, -.5]], columns=["c01", "c02"]), "1 of 2 rows of probabilities .* the first is row 1"),
    (["c01", "c02"], pd.DataFrame([[2., 3.], [.5, .5]], columns=["c01", "c02"]), "1 of 2 rows of probabilities .* the first is row 0"),
    ([], pd.DataFrame(np.zeros((0, 2)), columns=["c01", "c02"]), "no labels arrived"),
    (["c01"], pd.DataFrame([[1.]], columns=["c01"]), "1 card .* two or more"),
    (["c01"], pd.DataFrame([[.5, .5]], columns=["c01", "c01"]), "'c01' stands twice"),
])
def test_label_issues_names_what_is_wrong(labels, probabilities, words):
    with pytest.raises(ValueError, match=words):
        label_issues(labels, probabilities)
