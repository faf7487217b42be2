"""The causes and the actions of lesson 10: what they are, whose job, what they cost and how long they take; prices are assumptions."""

EVENTS = {"new names": "new_names", "renamed figures": "renamed_figure", "firmware fault": "firmware_fault", "new market": "new_market",
          "noisier use": "noisier", "first names only": "first_name_only", "popularity reversed": "popularity_reversed",
          "louder microphones": "louder_microphones", "holiday season": "season"}
WHAT = {"new names": "three in ten requests: newly added figures", "renamed figures": "three names now belong to somebody else",
        "firmware fault": "most phones cut off quiet sounds", "new market": "a third of requests: voices of a new market",
        "noisier use": "most requests come from loud places", "first names only": "a third of users say the first name alone",
        "popularity reversed": "rare names are asked most", "louder microphones": "all clips are louder", "holiday season": "more requests, other favourites"}
ACTIONS = NOTHING, RECORD, LABELS, TABLE, UPSTREAM, THRESHOLD, REPLACE, PHONES, RETIRE = (
    "do nothing", "retrain with recordings", "retrain on last month's labels", "mend the card table", "repair upstream", "raise the threshold",
    "replace the model", "hand over the phones", "retire")
OWNERS = {NOTHING: "product manager", RECORD: "ML engineer", LABELS: "ML engineer", TABLE: "editor of the catalogue",
          UPSTREAM: "maker of the phones", THRESHOLD: "product manager", REPLACE: "ML engineer", PHONES: "product manager", RETIRE: "product manager"}
MONTH = 2_000                                          # requests that are labelled for retraining
HARM = 10                                              # cents for 1,000 requests; a cause that takes less has taken nothing
RAISED = .65                                            # the threshold that an audit of first names would choose, about
ENGINEER_DAY, CLIP = 40_000, 50                         # cents: a day's work, a clip recorded with consent; assumptions
DAYS_OF_WORK = {NOTHING: 0, RECORD: 2, LABELS: 2, TABLE: .25, UPSTREAM: .5, THRESHOLD: .5, REPLACE: 4, PHONES: .5, RETIRE: 3}
WAIT = {NOTHING: 0, RECORD: 7, LABELS: 7, TABLE: 1, UPSTREAM: 21, THRESHOLD: 1, REPLACE: 14,
        PHONES: 1, RETIRE: 30}                          # days until it is at work; who is asked to leave gets a month's notice
MACHINES = 10                                           # cents for 1,000 requests: more workers for a slow kind; an assumption
UPKEEP = 2                                              # days of work a month that a living product takes, and a retired one does not; an assumption
THRESHOLDS = (.5, .6, .7, .8, .9, .95)                  # of which another kind of model gets its own
CHECKED = 500                                           # labels by which it is chosen
REPAIRABLE = {"new names": RECORD, "renamed figures": TABLE, "firmware fault": UPSTREAM}
