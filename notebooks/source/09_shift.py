# %% [markdown]
# # 09 · Shift: something changed. What is it, and do you act?
#
# Monday morning. The monitor of lesson 08 has spoken, and nobody knows why. The engineer on call and the product manager must
# decide **what changed, since when, how bad it is, and whether to act**. If they are wrong one way, users get wrong cards for weeks. If they are
# wrong the other way, a team spends a week on an alarm that hurts nobody.

# %% [markdown]
# **After this lesson you can**
#
# - find the first day of a change in a noisy signal,
# - say how bad it is, as an interval in money,
# - choose a mitigation by cost, before you know the cause,
# - spend twenty listens where they tell most, and name a cause with reasons for and against,
# - decide between acting, watching and ignoring,
# - write an incident record that others can check.
#
# **You need** lesson 00; lesson 08 helps. Three words of earlier lessons: the *charter* is the written agreement on what counts, and it prices errors; a *runbook* is the list of
# steps for whoever is on call; a *slice* is a part of the requests, here one kind of device. **Time**: 55-75 minutes (exercises 4-8 minutes each); an optional section at the end.

# %% tags=["parameters"]
seed = 0

# %%
import numpy as np
import pandas as pd

from course_lib.cycle import incident, shift
from course_lib.learn.check import check, hint, solution
from course_lib.learn.lesson import begin, decide, decision, guess, reveal
from course_lib.lessons import shift as lesson, shift_act as acting
from course_lib.lessons import shift_desk as desks, shift_harm as harm
from course_lib.lessons import shift_panels as panels

begin("09", seed)

# %% [markdown]
# ## First: a loud alarm
# A new model of phone has a louder microphone: 6 decibels, twice the amplitude. The alarm on the input level is far outside its usual
# band. We start a service (the model behind HTTP), send it one day of a few users, and then the same day again through louder microphones. Making the
# speech takes some seconds.

# %%
service = panels.serve(seed)
live = panels.send_twice(service, seed)
service.stop()
live.groupby("day", sort=False)["level_db"].agg(clips="size", mean_db="mean").round(1)

# %% [markdown]
# So much for the input, as the service logged it: the mean level in decibels, and nearer to 0 is louder. Now the answers, a card or "sorry?". Of 100, how many are not the
# same the second time?

# %% tags=["guess"] solved={"changed": 10}
guess("09.1", changed=None, between=(0, 100))

# %% tags=["reveal"]
panels.same_answers(live).figure

# %% [markdown]
# Hardly any, if any; alone, so small a count could hide more in a hundred. The reason says more: the features divide each clip by its own loudness, so the model
# never hears the difference; only an answer that stood at the threshold may tip, when a louder clip is cut at its peaks or rounded. The alarm was true and of no use.
# *Different* is not *worse*.

# %% [markdown]
# ## Then: one that is silent at the input
# Here is **the case**: four weeks of log, in which something may have begun. We know the twenty weeks before, in
# which nothing changed: `usual`. (The log keeps one request in 50; users make about 12,000 on a weekday, more at weekends.)

# %%
case = harm.case(seed)
log, usual = case.log, lesson.usual(seed).log
daily = shift.daily(log, usual)
daily.iloc[[0, 1, -2, -1]].round(2)

# %% [markdown]
# Five signals are **inputs**: `requests` (relative to the same weekday), `level_db`, `seconds`, `distance` to the training clips, and `names`, how
# far the day's shares of the recognised cards are from the usual ones (by chance they are never equal). Three tell what became of them: `confidence`,
# the share of `sorry`, and `re_asks` in 1,000.
#
# A **step** is a change of the mean that stays. Its size counts in **standard errors**: how far chance alone usually carries such a difference. For each signal, the largest step of
# the four weeks: the mean in usual weeks, the mean from the step on (`now`), its size.

# %%
found = shift.evidence(log, shift.normal(usual))
whole = found[found["slice"] == "all"].set_index("signal")
whole[["usual", "now", "size", "fires"]].round(2)

# %% [markdown]
# By chance alone, the largest of many steps is often 2; so a step *fires* only beyond a limit of 4.5, up or down. No input fires here. Users ask again about twice as often, and
# nobody who watches inputs would know that anything happened. Which alarm rules of lesson 08 spoke, on how many of the 28 days, and when
# first? (Each limit is set anew, from all 140 usual days.)

# %%
rules = harm.alarms(seed)
chosen = decision("alert_actions", default=rules["action"].to_dict())
yours = pd.Series(rules["action"].to_dict() | chosen)
rules.drop(columns="largest").assign(yours=yours)

# %% [markdown]
# `action` is what the course's plan does; `yours` is what you decided in lesson 08, if you did; the last four rules watch the service itself, which answers as usual. Whoever is paged for re-asks knows soon. (Other rules may speak by chance: averaged over
# many such logs, each on at most one quiet day in 50 or 100. In one log it may be more, since a limit that is set from 140 days is itself uncertain.)
#
# ## Since when?
# Look at the re-asks by day, a week a row and its days counted from 0. When did they step up?

# %%
re_asks = daily["re_asks"]
weeks = re_asks.round().astype(int).to_numpy().reshape(4, 7)
pd.DataFrame(weeks, index=[f"from day {day}" for day in re_asks.index[::7]])

# %% [markdown]
# Try every day as the first one of the change: compare the mean from that day on with the mean before. A gap between means of few days is shaky, so
# it is weighed: times √(*days before* × *days after*). The day with the largest weighed gap is the estimate of the **change point**.
#
# **Exercise 09.1.** Given is a Series whose index is the day, such as `re_asks`, with six days or more. Leave at least three days on each side. Return the first day of the largest
# step, up or down: its label in the index, a whole number. Of the values 5, 6, 5, 6, 9, 8, 9, 8 on days 40 to 47, the answer is 44.

# %%
# exercise: 09.1
first_day = check("09.1", first_day)

# %%
since = first_day(re_asks)
since, re_asks.loc[:since - 1].mean().round(), re_asks.loc[since:].mean().round()

# %% [markdown]
# First day, and the mean re-asks before and since. A step that is weak, or that grows over weeks, has no sharp first day: say "about day …", and
# try what you conclude with a day more or less.
#
# ## How bad is it?
# Runbook, line one: *is anybody hurt?* Re-asks say yes; they do not say how much. So somebody judges 400 random requests since that day (an *audit*); 400 of the
# usual weeks were judged before. Each is worth what the charter says: a wrong card 4 cents, a needless "sorry?" 1 cent, else 0. The form asks only whether the answer was right, not
# why it was wrong. How many requests were worth how much:

# %%
before, after = lesson.audits(seed)
counts = dict(before=before.value_counts(), after=after.value_counts())
pd.DataFrame(counts).fillna(0).astype(int)

# %% [markdown]
# **Exercise 09.2.** Given are two Series of cents by request, `before` and `after` (such as 0, 4, 0, 1 …), and the number of `requests` a day. Return the two ends, low and high, of a 95%
# interval for the **extra** cents a day: the difference of the means, 1.96 standard errors less and more, for all requests of a day. The variance of a mean of n values is their variance
# (pandas' `.var()`) divided by n; variances of independent means add; a standard error is the root of a variance.

# %%
# exercise: 09.2
harm_a_day = check("09.2", harm_a_day)

# %%
low, high = harm_a_day(before, after, acting.REQUESTS_A_DAY)
print(f"between {low / 100:.0f} and {high / 100:.0f} € a day")

# %% [markdown]
# That is enough to decide that something must be done today, and it says nothing about the cause.
#
# ## Mitigate first
# A **mitigation** makes it hurt less while the cause is unknown. Six are ready:
#
# - *do nothing*;
# - *roll back* to the previous model, trained on half as many readers;
# - *raise* or *lower the threshold* (to .8 or .3; it is .5);
# - *let users pick of two*: answers that are .2 to .8 sure show the two likeliest cards, and a tap costs half a cent;
# - *block the re-asked cards*: cards whose users ask again more often than usual are answered by "sorry?".
#
# The last one asks the log, not the cause. Each card's re-asks since the first day are tested against its usual ones; with 40 tests, the limit is
# stricter (Holm's correction, lesson 08):

# %%
blocked = incident.re_asked_cards(log[log["day"] >= since], usual)
blocked

# %% [markdown]
# Nobody has listened to anything yet. *Extra cost* is what the incident costs on top of usual days. If these cards are blocked, how many percent of it go away?

# %% tags=["guess"] solved={"saved": 30}
guess("09.2", saved=None, between=(0, 100))

# %% tags=["reveal"]
harm.saved(seed).figure

# %% [markdown]
# Most of the harm is gone before anybody knows why. The rest is what the block itself costs: whoever asks for these cards gets "sorry?". Rolling back helps little, or makes it worse: the old model
# meets the same world as the new one. A rollback mends what a *release* broke; when the world changed, it only brings back the older, weaker model.
#
# And the raised threshold? That depends on which errors rose. Here are two incidents of other weeks: in one, wrong cards rose, in the other refusals, as in noise. Find the cheapest
# threshold in both.

# %%
panels.threshold_panel(seed)

# %% [markdown]
# When wrong cards rise, a higher threshold turns some of them, the less sure ones, into cheaper refusals. In noise, the trouble *is* the refusals, and the same move adds more of them.
#
# ## Which mitigation, by cost
# Each takes some `hours` to be in force; until then users pay for doing nothing. Here are the wrong cards, needless "sorry?" and taps in 1,000 requests of the case, and their prices in cents. A
# simulation answers here; on the day you try each on a few users, or estimate.

# %%
outcomes, prices = lesson.outcomes(seed), lesson.prices()
print(prices.to_dict())
outcomes

# %% [markdown]
# **Exercise 09.3.** Given are `outcomes` (a DataFrame) and `prices` (a Series) like these, and a `horizon` in hours. Return a Series by mitigation: what 1,000 requests cost, in cents, as
# a mean over the horizon. During its `hours` a mitigation costs what *do nothing* costs; after that, its own. Over 72 hours, one that takes 24 costs a third of *do nothing* and
# two thirds of its own. One that needs longer than the horizon never begins.

# %%
# exercise: 09.3
cost_by_mitigation = check("09.3", cost_by_mitigation)

# %%
cost = cost_by_mitigation(outcomes, prices, 72)
cost.sort_values().round()

# %% [markdown]
# These are three days, the search and the mend. Whoever searches for the cause first, for two days, say, pays the line *do nothing* for these two days.
#
# ## Twenty listens
# Now the cause. Signals say *that* and *where*; ears say *what*. A listen costs 25 cents, and there are twenty for an incident. `listen` takes ids of logged requests and tells: the words, how it
# sounds, the card of the name that was said (`named`), and the card that the user wants now (`card_now`); empty means none.

# %%
listener = case.listener()
listener.listen(list(log["request_id"][:3]))

# %% [markdown]
# Three are spent, and nothing is learnt: the requests came from before the change, and most requests are fine anyway. A twenty-first is refused. Which are worth a listen? Here is what the
# log has to choose by:

# %%
columns = ["request_id", "day", "device", "decision", "confidence", "re_ask"]
log[columns].tail(4).round(2)

# %% [markdown]
# **Exercise 09.4.** Given are such a `log`, the first `day` of the change and the `device` in which it shows, such as "phone", or "all". Return the sorted `request_id`s of all requests
# worth a listen: on that day or later, on that device (with "all", on any), and their users asked again, whatever the answer was. Below, `shift.odd_slice` names the device whose
# `distance` moved most, if any did; and 17 requests are taken evenly from your list.

# %%
# exercise: 09.4
worth = check("09.4", worth)

# %%
ids = worth(log[columns], since, shift.odd_slice(found))
chosen = [ids[i] for i in np.linspace(0, len(ids) - 1, 17).astype(int)]
heard = listener.listen(chosen)
desks.shown(heard).head(8)

# %% [markdown]
# Look at `named` and `card_now`. In many rows somebody says a name of the catalogue, and wants another card than the one it had. Count them:

# %%
moved = heard[(heard["named"] != "") & (heard["named"] != heard["card_now"])]
moved.groupby(["named", "card_now"]).size()

# %% [markdown]
# These names now belong to somebody else: a *renamed figure*. Compare them with the cards that you blocked. `shift.diagnose` does what you did, for nine causes: it looks for a mark that was
# heard twice, then at inputs that moved, and gives reasons.

# %%
answer = shift.diagnose(found, heard)
print(answer.cause, "since day", answer.day)
print(*answer.reasons, sep="\n")

# %% [markdown]
# Are ears needed at all? The nine causes: *new names* that no card has; *a new market*, with foreign reading voices; *noisier use*; *louder microphones*; *popularity reversed*, so that the
# rarest names are asked most; *a renamed figure*; *a firmware fault*, a broken noise gate in phones; *first names only*; *a season*, two weeks of more requests and other favourites.
#
# Take ten incidents at **floor strength**, the weakest that a team promises to find: one for each cause, and one in which nothing happened. How many of the ten
# does `diagnose` name right from signals alone, without a listen?

# %% tags=["guess"] solved={"named": 7}
guess("09.3", named=None, between=(0, 10))

# %% tags=["reveal"]
harm.named(seed).figure

# %%
harm.confusion_table(seed)

# %% [markdown]
# Each row is what happened; a cell says "right", or what it was taken for; "nothing" also stands where a signal moved and no cause was named. (Last column: the planned strength.) The first
# column shows these rules, not what signals can do: `diagnose` names six of the nine only after they were heard, so four is its most without ears. Shorter clips might tell of first names, a
# step in phones alone of their firmware; but refusals rise for new names, new readers and noise alike. And whoever wrote `diagnose` knew the nine.
#
# It matters *which* twenty. *Pointed* is exercise 09.4, half of them after a card and half after a "sorry?"; the other two ways choose from all four weeks, so part of the gap is the first day
# alone. Of 20 listens, how many hit a request that the cause touched, at its floor?

# %%
harm.touched(seed).figure

# %%
pd.DataFrame({way: dict(harm.touched(seed, way).data) for way in harm.WAYS})

# %% [markdown]
# The row `least` is the worst cause of each column. The least confident requests look like a clever choice, and for noise they are one. They miss what is *answered, and wrong*, such as the
# firmware fault. A method that shines for one cause and is blind for another is one that you will trust at the wrong moment.
#
# ## Loud and harmful are two things
# Every cause at its planned strength: how loud is the loudest *input* alarm, and what does it cost users?

# %%
harm.loudness(seed).figure

# %% [markdown]
# Compare two of the loudest alarms: the firmware fault breaks nine of ten requests from phones, the louder microphones cost nobody a cent. At the top left stands the cause of your case: no alarm at
# the inputs, and the dearest of all. Loudness does not tell which is which; only what happens to users does.
#
# ## Act, watch or ignore?
# *Act*: engineer days at 600 €, and the harm while they work. *Watch*: two weeks of harm, 20 € for a second look, and then, unless it has passed by itself, the cost of acting. *Ignore*: the
# harm for as long as it lasts, within the weeks that you count. The panel starts with louder microphones. Find settings in which each of the three is cheapest.

# %%
panels.act_panel(seed)

# %% [markdown]
# Counted over twelve weeks, a strong rename is worth a week of work; over four, or for a month of work, it is not. Where it may well pass by itself, watching is cheaper. Weak first names
# are worth a day of work or so. Louder microphones are worth none, and their record should say *why nothing was done*, or the next person on call starts anew. All this counts the charter's
# cents only, not trust, and no mitigation: with the block in force, a week of work on the strong rename may no longer pay. A holiday season costs little, too, and ends on its own. Requests by day, relative to the usual weekday:

# %%
volume = shift.daily(harm.planned(seed, "season").log, usual)["requests"]
volume.iloc[[0, 7, 14, 20, 21, 27]].round(2).to_dict()

# %% [markdown]
# ## The incident record
# What is not written down is found again next year. A record says what, since when, how bad, evidence **for and against**, the mitigation, an owner, the next step, and what would prove you
# wrong. This is MLOps: *incident response*. A record like this is refused:

# %%
lesson.file(dict(what="renamed_figure", since=since, harm=9000, owner="me"))

# %% [markdown]
# The next one is whole. Change it as you like, or read it all with `record`; it is kept for lesson 10, where somebody must mend what you found.

# %%
record = dict(incident.REFERENCE, since=since, harm=[round(low), round(high)])
lesson.file(record)
{field: record[field] for field in ("harm", "evidence_against", "wrong_if")}

# %% [markdown]
# ## The incident desk
# Eight incidents wait, each with a cause, day and strength of its own; one of them may be nothing at all. Look, listen, answer, submit; then the truth appears, and the euros of your
# handling and the reference's: a cause named right is mended in 2 days, else in 14. (The reference picks its mitigation with hindsight.) Do at least two.

# %%
panels.desk(seed)

# %% [markdown]
# The same without controls, for your own code:

# %%
mine = desks.open_incident(seed, 2)
mine.evidence().head(3).round(1)

# %% [markdown]
# `mine.listen([...])` hears requests by their ids (`mine.log` has them), and `mine.submit("nothing", 150, "do nothing")` answers. Runbook, all of it: hurt? mitigate, slice, listen, cause; then act, watch or ignore, and write it down.
#
# ## Quiz

# %%
from course_lib.learn.quiz import quiz

quiz("09")

# %% [markdown]
# ## What you have learnt
# - The loudest alarm may be harmless, and the dearest failure silent at every input.
# - A first day comes from all days on both sides, not from the oddest one.
# - Mitigate first: what helps depends on which errors rose, not on why.
# - Listen where users asked again, since the change, in the odd slice; the unsure requests miss confident failures.
# - Acting is a purchase: harm a day, price of the work, chance that it passes. Write down why you did not act, too.

# %% [markdown]
# **What this does not prove.** Each cause came alone, as a step, and was one of nine that we knew. Real incidents overlap, grow slowly, and are of a tenth kind. Listeners here are never wrong. The interval
# of the harm takes requests as independent; those of one user are not quite. Users who leave without asking again raise no signal.
#
# **A judgement question** with no single answer: the block turns wrong cards of three famous people into "sorry?", and their agents call. The mend needs two days. Does the block stay, and who decides?
#
# **Two interview questions this lesson answers**: *"Accuracy fell overnight. What are your first 30 minutes?"* and *"How do you find a silent failure?"*

# %% [markdown]
# ## Optional: how far have the names moved?
# The signal `names` compares shares of cards. Here are the usual ones, and those of four weeks with a season:

# %%
p = usual["best"].value_counts(normalize=True)
q = harm.planned(seed, "season").log["best"].value_counts(normalize=True)
pd.DataFrame(dict(usual=p, season=q)).loc[p.index[:4]].round(3)

# %% [markdown]
# **Exercise 09.5.** Given are two Series of shares by card, such as `p` and `q`; a card may be missing on one side and has the share 0 there. Return the share of requests that moved to
# other cards: half the sum of the absolute differences, one number.

# %%
# exercise: 09.5
variation = check("09.5", variation)
round(variation(p, q), 3)

# %% [markdown]
# In a season it moves, and users are hardly worse off; under new names it moves, too, and many are. It explains an alarm; by itself it is no reason for one.
