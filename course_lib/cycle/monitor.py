"""What a team can see of its product in production: answers, and signals week by week."""
import numpy as np
import pandas as pd
from sklearn.pipeline import Pipeline

from course_lib.cycle import scope


def answers(model: Pipeline, vectors: np.ndarray, threshold: float) -> pd.DataFrame:
    """What the product does with each feature vector.

    Parameters
    ----------
    model : fitted recogniser
    vectors : (n, d) features
    threshold : confidence from 0 to 1 below which the answer is "sorry"

    Returns
    -------
    DataFrame with columns shown (card or "sorry"), best (likeliest card), confidence
    """
    probabilities = model.predict_proba(vectors)
    return pd.DataFrame(dict(shown=scope.decide(probabilities, model.classes_, threshold),
                             best=model.classes_[probabilities.argmax(axis=1)].astype(str),
                             confidence=probabilities.max(axis=1)))


def weekly_signals(rows: pd.DataFrame, given: pd.DataFrame, reactions: pd.DataFrame) -> pd.DataFrame:
    """Signals by week that need no labels.

    Parameters
    ----------
    rows : observed columns of requests
    given : `answers` of the same requests, in the same order
    reactions : what users did, from world.users.reactions

    Returns
    -------
    DataFrame by week: requests, sorry (share), confidence (mean), re_asks (in 1,000 requests), level_db (mean)
    """
    table = pd.DataFrame(dict(week=rows["day"].to_numpy() // 7, sorry=given["shown"].to_numpy() == scope.SORRY,
                              confidence=given["confidence"].to_numpy(), level_db=rows["level_db"].to_numpy(),
                              re_ask=rows["id"].isin(reactions.loc[reactions["kind"] == "re_ask", "id"]).to_numpy()))
    by_week = table.groupby("week")
    return pd.DataFrame(dict(requests=by_week.size(), sorry=by_week["sorry"].mean(), confidence=by_week["confidence"].mean(),
                             re_asks=1000 * by_week["re_ask"].mean(), level_db=by_week["level_db"].mean()))
