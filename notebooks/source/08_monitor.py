# %% [markdown]
# # 08 · Monitor: who is woken, and when?
#
# The product is live. The engineer on call has inherited a monitor that fires every day, and has muted it. You and the
# product manager must decide **which signals to watch, at which threshold, and whom each one wakes**. Too eager, and
# nobody looks any more. Too lazy, and thousands of users get wrong cards for weeks while every light is green.

# %% [markdown]
# **After this lesson you can**
#
# - read a service's log as signals, by day and by slice,
# - set a threshold from windows in which nothing changed, and say what it promises,
# - explain three detectors, and name a change that each cannot see,
# - keep forty slices from crying wolf,
# - estimate a rate of errors from complaints and an audit, and say how many labels a week see what,
# - decide by cost which alarm pages, which writes a ticket, and which is ignored.
#
# **You need** lesson 00. **Time**: 55-75 minutes (exercises 4-8 minutes each); an optional section at the end.

# %% tags=["parameters"]
seed = 0

# %%
import numpy as np
import pandas as pd
from sklearn.discriminant_analysis import LinearDiscriminantAnalysis
from sklearn.metrics import roc_auc_score
from sklearn.model_selection import GroupKFold, cross_val_predict

from course_lib.cycle import alerts, drift, monitor
from course_lib.learn.check import check, hint, solution
from course_lib.learn.lesson import begin, decide, guess, reveal
from course_lib.lessons import monitor as lesson, monitor_detect as detect
from course_lib.lessons import monitor_labels as labels, monitor_panels as panels
from course_lib.lessons.monitor_history import after, directions, history

begin("08", seed)

# %% [markdown]
# ## A service under watch
# The next cell starts the service as a process of its own and sends three days of requests from the users of two voices, over
# HTTP; some users ask again or complain, and that goes to the service, too. The speech is made first, which takes some seconds.

# %%
service = panels.serve(seed)
live = panels.send_days(service, seed)
service.stop()
live[["day", "device", "decision", "confidence", "re_ask"]].head(3).round(2)

# %% [markdown]
# One row of the log is one request. A **signal** is a number computed from many rows: the share answered "sorry?", the mean
# confidence, how many of 1,000 requests are asked again. None of these needs a label. By day they are a few lines of pandas:

# %%
by_day = live.groupby("day")
sorry = (live["decision"] == "sorry").groupby(live["day"]).mean()
re_asks = 1000 * by_day["re_ask"].mean()
pd.DataFrame(dict(requests=by_day.size(), sorry=sorry, re_asks=re_asks)).round(2)

# %% [markdown]
# Three days of a few users are too little to know what is normal. Months of history come from a simulated log with the
# same columns: 20 weeks in which, as we happen to know, **nothing changed**. The log keeps one request in 50.
# `monitor.signals` computes all signals as you just did.

# %%
log = history(seed)
usual = monitor.signals(log)
usual.loc[[28, 29, 30, 139]].round(2)

# %% [markdown]
# `distance` is new: how far a request's features are from the nearest clip in the training data. `p95_ms` is the latency that 95% stay
# below. `complaints` counts those that arrived on that day; most come days after their request.
#
# ## The dashboard
# From day 140 on, **something changes**. Below are four usual weeks and three new ones; the band holds 98 of 100 usual
# days. Choose signals and slices. Which signal moves most? Is it the same for every device? Write down your suspicion.
#
# The diamonds are the live service, where nothing changed. They jump about, as they hold thirty requests or so and the others hundreds.
#
# The last signal, *labels known so far*, is late: of 20 requests a day, drawn at random, somebody is to say whether the card was
# wrong. That takes days, so young days have few labels; an interval says how little is known.

# %%
changed = after(seed, "firmware fault")
heard = labels.daily(seed, "firmware fault")
print(panels.canary_slice(seed))               # of lesson 07's decision
panels.dashboard(seed, changed, live, heard)

# %% [markdown]
# "All devices" shows that users ask again more often. The slices show *whose*: the phones'. Cars and watches are as
# they were. It was a firmware fault, a noise gate in phones. A dashboard answers questions; but
# nobody looks at eleven signals in five slices every morning. Something must look for us, and decide when to speak.

# %% [markdown]
# ## The monitor you inherit
# It watches four signals (confidence, distance, length, level) by the **population stability index** (PSI). Cut the reference into ten equal parts; compare the shares `p` of the
# reference in each part with the shares `q` of the new window: the sum of `(p - q) · log(p / q)`. Equal shares give 0. A
# rule of thumb says: over .1, something has changed. The figures call this the *folk threshold*.

# %%
def shares(values, edges):
    counts = np.bincount(np.searchsorted(edges, values), minlength=10)
    return np.maximum(counts, .5) / len(values)    # an empty part counts as half a row

def psi(reference, window):
    edges = np.quantile(reference, np.arange(.1, 1, .1))
    p, q = shares(reference, edges), shares(window, edges)
    return ((p - q) * np.log(p / q)).sum()

confidence = log.dropna(subset="confidence").set_index("day")["confidence"]
reference = confidence.loc[:27].sample(100, random_state=seed)
round(psi(reference, confidence.loc[40].head(100)), 2)

# %% [markdown]
# That is one day: its first 100 requests against 100 requests of the first four weeks. Now take all 112 usual days after those weeks. Nothing
# changed on any of them. On how many of 100 such days is the PSI over .1?

# %% tags=["guess"] solved={"days": 10}
guess("08.1", days=None, between=(0, 100))

# %% tags=["reveal"]
detect.folk_sizes(seed).figure

# %% [markdown]
# No wonder that it was muted. A hundred rows differ from a hundred others by chance alone: without any change, the PSI of ten parts is
# about 9 · (1/n + 1/m) for n and m rows (Yurdakul, 2018). For 100 and 100 that is .18; for 100 and 1,000 it is .10.
# The threshold is not wrong for this signal; it is wrong for this *size*.

# %% [markdown]
# ## Ask the windows in which nothing changed
# Instead of believing a number, look at **null windows**: windows in which, as far as anybody knows, nothing changed. A limit that one
# in twenty of them exceeds gives one false alarm in twenty. Here are PSIs of days; after day 139 a noisy time began.

# %%
windows = lesson.windows(seed)
windows.groupby("usual").head(2).round(2)

# %% [markdown]
# **Exercise 08.1.** Given is a table like that, with the columns `psi` and `usual` (whether nothing had changed), and `one_in`, such as
# 20. Return the limit that one in `one_in` unchanged windows exceeds.

# %%
# exercise: 08.1
limit_from = check("08.1", limit_from)

# %%
limit = limit_from(windows, 20)
detect.folk(seed, limit).figure

# %% [markdown]
# That looks as promised, but it *had* to: the limit comes from these very days. For days *to come* it is a little low: n usual
# days leave a new one n + 1 places, below, between and above them, all equally likely. A limit that one in 20 new days exceeds has a twentieth of
# these **n + 1** places above it (`drift.threshold(..., ahead=True)`). An honest test takes such a limit from the first half of the usual days,
# and counts alarms in the second.

# %%
detect.folk(seed, None)

# %% [markdown]
# Five in 100 were promised; with so few days a few more or less are chance. (At one in 100 the place counts: of 112 days, a limit like yours
# is exceeded by nearly two in 100 days to come.) From now on, limits come from null windows, for days to come (ADWIN, the third, brings a bound of its own), and
# they can be compared: **same false alarms, who sees more?**
#
# ## Three detectors
# **One: distance.** How far is each request from the nearest training clip? The Kolmogorov-Smirnov distance
# (KS) is the largest gap between the cumulative curves of two samples. One number for 468 features.

# %%
far = log.set_index("day")["distance"]
new = after(seed, "new market").set_index("day")["distance"]
grid = np.linspace(8, 40, 200)
curve = lambda values: np.mean(values.to_numpy()[:, None] <= grid, axis=0)
gap = lambda day: np.abs(curve(far.loc[:27]) - curve(day)).max().round(2)
gap(new.loc[141]), gap(far.loc[41])

# %% [markdown]
# The first number is a day on which readers from a new market came, the second a usual day.
#
# **Two: a domain classifier.** Mix reference and window, and train a model to tell which row is from where. If it can,
# measured on held-out rows (area under the ROC curve, AUC: .5 is blind, 1 is sure), they differ. `directions` gives 16
# numbers for each request: the directions in which the training clips' features differ most. The same recording must not stand
# on both sides of a split, or the model recognises the recording.

# %%
def auc(old, new):
    X, late = pd.concat([old, new]), np.repeat([0, 1], [len(old), len(new)])
    scores = cross_val_predict(LinearDiscriminantAnalysis(), X, late, groups=X.index,
                               cv=GroupKFold(4), method="decision_function")
    return round(roc_auc_score(late, scores), 2)

early = directions(seed, "usual", 0, 3)
market = directions(seed, "new market", 140, 143)
auc(early, market), auc(early, directions(seed, "usual", 40, 43))

# %% [markdown]
# Readers of a new market can be told apart to some degree, a usual stretch of three days hardly. (The index of the tables
# is the recording.)
#
# **Three: ADWIN on feedback** (Bifet and Gavaldà, 2007). It reads a stream of 0 and 1, here "asked again?", keeps a window
# as long as its mean stays, and drops the old part when an older and a newer part differ by more than chance.

# %%
stream = pd.concat([log[log["day"] >= 84], after(seed, "renamed figures")])
found = drift.adwin(stream["re_ask"])
stream["day"].iloc[found].tolist()

# %% [markdown]
# Those are the days on which ADWIN reports a change. Figures were renamed on day 140: same sound, another card.
#
# The table puts the three side by side: of 100 days under a cause, on how many do the first two fire, at one false alarm in 100
# usual days to come? (21 days each, so 5 is one day.) On which day does ADWIN, with its own bound, first see it?

# %%
detect.detectors(seed)

# %% [markdown]
# Read it by row. *Noisier use* and *firmware fault*: all three see them. *New market*: distance and feedback do, the
# classifier not in every world. *Renamed figures*: the two that look at inputs see **nothing** more than without a
# change, since the inputs are the same; only feedback does. *Holiday season*: users ask for other names. In some worlds
# the classifier can tell and fires, and no user is worse off. Different is not worse.
#
# In the field's words: a change of inputs is **covariate shift**, a change of how often each name is asked **label
# shift**, a change of what an input means **concept shift**.

# %% [markdown]
# **Season.** The holiday comes again next year. In it, the plain number of requests leaves its usual band on most days, and re-asks stay in theirs. Null
# windows must hold the season, or the limit must know the calendar; ordinary weeks promise nothing about holidays. That is also why weekends belong into the null windows.
#
# ## How long a window?
# A short window is quick and shaky, a long one steady and late. Below, somebody compares the re-asks of the last so many days
# with a limit from null windows. Such a change comes twice a year. A false page costs 54 €; an unseen change costs what its errors cost. Find the
# cheapest window for a large change, then for a small one.

# %%
panels.window_panel(seed)

# %% [markdown]
# The large change wants a short window: each day of waiting is dear, though looking every day pays for many false pages. The small one wants a window some days longer:
# a day cannot see it. No window is best for both, so teams run two: a fast one that pages, a slow one that writes a ticket.
#
# ## Forty slices
# The phones' trouble was plain only in their slice. So watch every slice: by the card that came first there are 40.
# Each week, each slice gets a test: do its users ask again more often than in the first four weeks? A test gives a **p-value**: how often
# chance alone would show so much.

# %%
p = detect.slice_tests(seed, week=9)
p.sort_values().head(3).round(3)

# %% [markdown]
# That was a usual week, and the smallest of 40 p-values looks like news; it often is below .05. Forty tests at 5% are forty chances to be
# wrong. What is to be kept small is the chance of *any* false alarm in a week, the **family-wise error rate**.
#
# **Exercise 08.2.** Given is a Series like `p`, by slice; NaN where a slice had no request, so that it was not tested. Return the sorted list of slices that fire,
# so that at most 5 of 100 quiet weeks see any alarm.

# %%
# exercise: 08.2
firing = check("08.2", firing)

# %%
detect.slices_figure(seed)

# %%
firing(detect.slice_tests(seed, 21, "renamed figures"))

# %% [markdown]
# Quiet weeks are quiet now, or nearly. And in a week with renamed figures, corrected slices still fire: they name the very cards
# whose users ask again. A corrected alarm is one that can be believed.
#
# ## The complaint box
# All that needed no labels. How many *wrong cards* are there? Somebody proposes to count complaints: they are free, and each was
# checked and found true.

# %%
int(log["complain"].sum())

# %% [markdown]
# So many complaints came in twenty weeks. How many of the logged requests got a wrong card?

# %% tags=["guess"] solved={"wrong": 200}
guess("08.2", wrong=None, between=(0, 50000))

# %% tags=["reveal"]
labels.complaints(seed).figure

# %% [markdown]
# (*Corrections tapped*: after a wrong card, some users choose the right one themselves.) Complaints are a **biased
# sample**: of the errors, and of the people. A few sharp-tempered users write; a needless "sorry?" makes nobody write at
# all. The cure is an **audit**: listen to requests drawn at random. Here are both kinds of label:

# %%
labelled = labels.labelled(seed)
labelled.groupby("why")["wrong"].agg(["size", "mean"]).round(3)

# %% [markdown]
# Every complaint is about a wrong card. The audit was drawn from the requests without one.
#
# **Exercise 08.3.** Given are `labelled`, with the columns `why` ("complaint" or "audit") and `wrong`, and `requests`, how many there were
# in all. All complaints are in the table. Estimate the wrong cards in 1,000 requests.

# %%
# exercise: 08.3
wrong_per_1000 = check("08.3", wrong_per_1000)

# %%
print(round(wrong_per_1000(labelled, len(log)), 1))
labels.audited(seed).figure

# %% [markdown]
# The printed number is yours, from both kinds of label; the figure's audit is a plain random one. Its interval is wide,
# as 600 labels hold few wrong cards, and one such interval in twenty misses the truth. How many labels a week are enough?
# That depends on what you want to see. Below, a label costs .25 €, an unseen wrong card what the charter says, and
# without labels a rise is noticed at the quarterly review. Such a rise comes twice a year; false alarms are not priced. Find the cheapest number for each rise.

# %%
panels.label_panel()

# %% [markdown]
# For one point more of errors (10 in 1,000), no number of labels here pays; 1,600 a week would see it with a chance
# of about 3 in 4. For a rename, 50 are plenty. Weekly labels are an insurance against large, silent failures, not a microscope.
#
# ## Quality without labels?
# The model gives a confidence to every answer. Calibrate it once on the audit, that is, learn how often an answer of each
# confidence is wrong; then add up the chances. In usual weeks that estimate is near the truth. In the weeks of renamed
# figures, we know from outside, well over 100 of 1,000 requests get a wrong card. How many will confidence promise?

# %% tags=["guess"] solved={"estimate": 100}
guess("08.3", estimate=None, between=(0, 1000))

# %% tags=["reveal"]
labels.without_labels(seed).figure

# %% [markdown]
# The estimate hardly moves. It is right where the model becomes unsure (noise makes it say "sorry?"), and blind
# where a confident answer has become wrong. Confidence estimates what the model knows, not whether the world still agrees
# (Garg and others, 2022, compare such estimates and show that none can work for every shift).

# %% [markdown]
# ## Alert rules as data
# Now decide who is woken. A rule is a row of data, so that it can be reviewed, tested and changed without a release; this is
# MLOps: *monitoring as configuration*. This one is in `data/alerts.yaml`:

# %%
plan = alerts.plan()
plan.rules[0]

# %%
prices = lesson.prices()
prices

# %% [markdown]
# A **page** wakes somebody (54 €, and the harm ends after some hours); a **ticket** is read on a working day; **ignore**
# leaves the signal on the dashboard. (Above: cents for a call, and days until the harm ends.) What is each rule worth whose limit comes from null windows?
# Let every cause come once in a year. `seen` counts the harmful causes on which a rule fires on two of the first three days, `false` its alarms a year
# without harm: the promised false ones, and harmless causes. `share_real` is the share of a rule's alarms with harm
# behind them, `harm_per_day` what users then lose (in cents, for all requests), `size` its largest deviation in standard
# deviations.

# %%
rules = labels.rules_table(seed)
rules.round(2)

# %% [markdown]
# Look at `size`: the input level shouts, and in most worlds stands for nothing but louder microphones, which harm nobody.
#
# **Exercise 08.4.** Given are `alarms`, with the columns `share_real`, `harm_per_day` and `size`, and `prices` as above. For each alarm, compute
# what it costs to page, to write a ticket and to ignore: the call (always), plus the harm a day times the days times `share_real`.
# Return a Series with the cheapest action.

# %%
# exercise: 08.4
action = check("08.4", action)

# %%
chosen = action(rules, prices)
decide("alert_actions", chosen.to_dict())
chosen

# %% [markdown]
# Who is woken follows from money, not from how loud a signal is: re-asks call somebody, most often with a page; volume is left alone. Your choice is kept for lesson 09.
#
# ## The mended monitor
# Three quiet weeks that no limit has seen. On how many days does each monitor speak?

# %%
detect.quiet_weeks(seed).figure

# %% [markdown]
# A few false alarms may be left: four rules with limits from null windows page or write a ticket, and each promises one false alarm in 100 days to come,
# on average.
#
# ## When the service itself fails
# All this asks how good the answers are. What if none comes? In the same quiet weeks, let every request of day 145 fail, every answer of day 150
# take nine seconds, and no request arrive on day 155. Which rules speak on these days?

# %%
broken = after(seed, "no change")
broken.loc[broken["day"] == 145, "failure"] = "503 too many requests at once"
broken.loc[broken["day"] == 150, "latency_ms"] = 9_000
broken = broken[broken["day"] != 155]
limits = alerts.limits(plan.rules, usual.loc[28:], ahead=True)
alarms = alerts.fired(plan.rules, limits, monitor.signals(broken))
alarms = alarms[alarms["day"].isin([145, 150, 155])]
alarms[["day", "rule", "value", "action"]].round(1)

# %% [markdown]
# A failed request has no confidence, and one that never arrived is not in the log. Four more rules of
# `data/alerts.yaml` watch the service. Their limits do not ask what is unusual: the charter promised 150 ms (a ticket; a page for the day when *all* are slow is missing); from 200 failures in 1,000 on, a page is cheaper
# than a ticket; half of the usual requests do not stay away by chance. Usual days keep far from such limits.
#
# You mended a monitor that nobody believed: limits from null windows, rules with owners and prices. **Runbook** for an alarm: 1. is
# anybody hurt (re-asks, "sorry?")? 2. if so, mitigate first (roll back, switch off, or ask for more confidence before a card is shown); 3. which slice?
# 4. listen to twenty requests; 5. then look for the cause.
#
# ## Quiz

# %%
from course_lib.learn.quiz import quiz

quiz("08")

# %% [markdown]
# ## What you have learnt
# - A threshold is a promise about false alarms; only windows without a change can make it.
# - Detectors of inputs say *different*. They are blind to a change of meaning, and fire in a harmless season.
# - Forty tests need one promise for all of them.
# - Complaints are a biased sample; a small random audit is worth more than a full box.
# - Whom an alarm wakes follows from what the call costs, how often it is real, and what waiting costs.

# %% [markdown]
# **What this does not prove.** Here each cause came alone, at full strength, on one day, and quiet weeks were quiet. Users here ask again
# as often as we made them; yours may just leave. Null windows of a real product hold changes that nobody noticed.
#
# **A judgement question** with no single answer: the product manager wants to be paged, too, "for everything important". What do you
# offer instead, and how do you find out in three months whether it was right?
#
# **Two interview questions this lesson answers**: *"How do you monitor a model without labels, and when does that fail?"* and *"Your drift
# alarm fired. What do you do?"*

# %% [markdown]
# ## Optional: a report by column
# A drift report goes through the columns of the log one by one. A limit is the largest value of five unchanged stretches of three weeks, and half as much again. (`shift`: of the mean, in standard deviations.)

# %%
report = lesson.column_report(seed, "noisier use")
limits = lesson.column_limits(seed)
report[["missing", "shift", "psi", "ks"]].round(3), limits.round(3)

# %% [markdown]
# **Exercise 08.5.** Given are a `report` like the first and a Series like `limits`. Return the sorted names of the columns whose `ks` is
# over their own limit. Mind the order of the rows.

# %%
# exercise: 08.5
columns_over = check("08.5", columns_over)
columns_over(report, limits)

# %% [markdown]
# The report reads chunks and keeps only counts, so a table larger than the memory is no trouble; `Report.add` takes a chunk, and gives the
# same numbers as one large table, in whatever order the columns come.
