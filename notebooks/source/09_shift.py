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
# **You need** lesson 00; lesson 08 helps. **Time**: 55-75 minutes (exercises 4-8 minutes each); an optional section at the end.

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
# ## First: the loudest alarm in the house
# A new model of phone has a louder microphone: 6 decibels, twice the amplitude. The alarm on the input level has never been so far outside its
# band. We send one day of a few users over HTTP to a service of its own, and the same day again through louder microphones. Making the speech takes
# some seconds.

# %%
service = panels.serve(seed)
live = panels.send_twice(service, seed)
service.stop()
live.groupby("day", sort=False)["level_db"].agg(["size", "mean"]).round(1)

# %% [markdown]
# So much for the input, as the service logged it. Of 100 answers, how many change?

# %% tags=["guess"] solved={"changed": 10}
guess("09.1", changed=None, between=(0, 100))

# %% tags=["reveal"]
panels.same_answers(live).figure

# %% [markdown]
# Hardly any, if any. The features divide each clip by its own loudness, so the model never hears the difference; only an answer that
# stood at the threshold may tip, when a louder clip is cut at its peaks or rounded. The alarm was true and of no use. *Different* is not *worse*.

# %% [markdown]
# ## Then: a quiet one
# The second alarm is small. Here is **the case**: four weeks of log, in which something may have begun. We know the twenty weeks before, in
# which nothing changed.

# %%
case = harm.case(seed)
log, usual = case.log, lesson.usual(seed).log
daily = shift.daily(log, usual)
daily.iloc[[0, 1, -2, -1]].round(2)

# %% [markdown]
# Five signals are **inputs**: `requests` (relative to the same weekday), `level_db`, `seconds`, `distance` to the training clips, and `names`, how
# far the shares of the cards are from the usual ones. Three tell what became of them: `confidence`, `sorry`, and `re_asks` in 1,000. A **step** is a change
# of the mean that stays. Its size counts in **standard errors**: how far chance alone usually carries such a difference.

# %%
found = shift.evidence(log, shift.normal(usual))
whole = found[found["slice"] == "all"].set_index("signal")
whole[["usual", "now", "size", "fires"]].round(2)

# %% [markdown]
# Over 4.5 standard errors a step *fires*: the claims of this lesson try that limit on weeks in which nothing changed. Only one signal fires here, and it is not an
# input. Nobody who watches inputs would know that anything happened. Which alarm rules of lesson 08 spoke?

# %%
rules = harm.alarms(seed)
chosen = decision("alert_actions", default=rules["action"].to_dict())
rules.assign(yours=pd.Series(chosen))

# %% [markdown]
# `action` is the reference's; `yours` is what you decided in lesson 08, if you did. By either, whoever is paged for re-asks knows on the first morning. (On quiet days a rule speaks by chance now
# and then.)
#
# ## Since when?
# Look at the re-asks by day. When did they step up?

# %%
re_asks = daily["re_asks"]
print(*re_asks.round().astype(int))

# %% [markdown]
# These are days 140 to 167. Try every day as the first one of the change: compare the mean from that day on with the mean before. A gap between means of few days is shaky, so
# it is weighed by the square root of *days before* times *days after*. The day with the largest weighed gap is the estimate of the **change point**.
#
# **Exercise 09.1.** Given is a Series by day, such as `re_asks`, with 12 days or more. Leave at least three days on each side. Return the first day of the largest
# step, up or down, as a whole number.

# %%
# exercise: 09.1
first_day = check("09.1", first_day)

# %%
since = first_day(re_asks)
since, re_asks.loc[:since - 1].mean().round(), re_asks.loc[since:].mean().round()

# %% [markdown]
# First day, and the re-asks before and since. A step that is weak, or that grows over weeks, has no sharp first day: say "about day …", and
# try what you conclude with a day more or less.
#
# ## How bad is it?
# Runbook, line one: *is anybody hurt?* Re-asks say yes; they do not say how much. So somebody judges 400 random requests since that day, and 400 of the
# usual weeks. Each is worth what the charter says: a wrong card 4 cents, a needless "sorry?" 1 cent, else 0.

# %%
before, after = lesson.audits(seed)
counts = dict(before=before.value_counts(), after=after.value_counts())
pd.DataFrame(counts).fillna(0).astype(int)

# %% [markdown]
# **Exercise 09.2.** Given are two Series of cents by request, `before` and `after`, and the number of `requests` a day. Return the two ends of a 95% interval
# for the **extra** cents a day: 1.96 standard errors on both sides of the difference. The variance of a mean of n is the variance divided by n.

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
# - *roll back* to the previous model, trained on fewer readers;
# - *raise* or *lower the threshold* (to .8 or .3; it is .5);
# - *let users pick of two*: unsure answers show the two likeliest cards, a tap costs half a cent;
# - *block the re-asked cards*: cards whose users ask again more often than usual are answered by "sorry?".
#
# The last one asks the log, not the cause:

# %%
blocked = incident.re_asked_cards(log[log["day"] >= since], usual)
blocked

# %% [markdown]
# The test is that of lesson 08's slices, corrected for 40 cards. Nobody has listened to anything yet. If these cards are blocked, how many percent of the extra cost
# go away?

# %% tags=["guess"] solved={"saved": 30}
guess("09.2", saved=None, between=(0, 100))

# %% tags=["reveal"]
harm.saved(seed).figure

# %% [markdown]
# Within the hour, most of the harm is gone. Rolling back helps little: the old model met the same world as the new one. A rollback mends what a *release* broke; when the
# world changed, it only brings back the older, weaker model. And the raised threshold? That depends on which errors there are. Find the cheapest threshold in both incidents.

# %%
panels.threshold_panel(seed)

# %% [markdown]
# When wrong cards rise, a higher threshold turns some of them into cheaper refusals. In noise, the trouble *is* the refusals, and the same move adds more of them.
#
# ## Which mitigation, by cost
# Each takes some time to be in force; until then users pay for doing nothing. Here is what each would do in the case, in 1,000 requests, and the prices:

# %%
outcomes, prices = lesson.outcomes(seed), lesson.prices()
outcomes, prices

# %% [markdown]
# **Exercise 09.3.** Given are `outcomes` and `prices` like these, and a `horizon` in hours. Return a Series by mitigation: what 1,000 requests cost as a mean over the
# horizon. During its `hours` a mitigation costs what *do nothing* costs; after that, its own. One that needs longer than the horizon never begins.

# %%
# exercise: 09.3
cost_by_mitigation = check("09.3", cost_by_mitigation)

# %%
cost = cost_by_mitigation(outcomes, prices, 72)
cost.sort_values().round()

# %% [markdown]
# Whoever searches for the cause first, for two days, say, pays the line *do nothing* for these two days.
#
# ## Twenty listens
# Now the cause. Signals say *that* and *where*; ears say *what*. A listen costs 25 cents, and there are twenty for an incident. `listen` tells for logged requests: the words, how it
# sounds, the card of the name that was said (`named`), and the card that the person says it should be now.

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
# **Exercise 09.4.** Given are such a `log`, the first `day` of the change and the `device` in which it shows, or "all". Return the sorted ids of all requests worth a
# listen: since that day, on that device, and their users asked again, whatever the answer was.

# %%
# exercise: 09.4
worth = check("09.4", worth)

# %%
ids = worth(log[columns], since, shift.odd_slice(found))
chosen = [ids[i] for i in np.linspace(0, len(ids) - 1, listener.left).astype(int)]
heard = listener.listen(chosen)
desks.shown(heard).head(8)

# %% [markdown]
# Look at `named` and `card_now`. In many rows somebody says a name clearly, the model knows the name, and the person wants another card. Count them:

# %%
moved = heard[(heard["named"] != "") & (heard["named"] != heard["card_now"])]
moved.groupby(["named", "card_now"]).size()

# %% [markdown]
# These names now belong to somebody else. `shift.diagnose` does what you did, for nine causes: it looks for a mark that was heard twice, then at inputs that moved, and gives reasons.

# %%
shift.diagnose(found, heard)

# %% [markdown]
# Are ears needed at all? Take ten incidents at **floor strength**, the weakest that anybody should have to find: nine causes, and one in which nothing happened. How many of the ten
# are named right from signals alone?

# %% tags=["guess"] solved={"named": 7}
guess("09.3", named=None, between=(0, 10))

# %% tags=["reveal"]
harm.named(seed).figure

# %%
harm.confusion_table(seed)

# %% [markdown]
# Signals alone name what needs no action, and leave what hurts without a name: refusals rise for new names, new readers and noise alike. (At the planned strength, too, all come right with ears.)
#
# It matters *which* twenty. Of 20 listens, how many hit a request that the cause touched, at its floor?

# %%
harm.touched(seed).figure

# %%
pd.DataFrame({way: dict(harm.touched(seed, way).data) for way in harm.WAYS})

# %% [markdown]
# The least confident requests look like a clever choice, and they are one for noise and new readers. They miss what fails *confidently*, such as the firmware fault. The row `least` is the worst cause of
# each column. A method that finds five causes and never the sixth is one that you will trust at the wrong moment.
#
# ## Loud and harmful are two things
# Every cause at its planned strength: how loud is the loudest *input* alarm, and what does it cost users?

# %%
harm.loudness(seed).figure

# %% [markdown]
# At the right, two alarms shout: one is a fault in nine of ten phones, the other costs nobody a cent. At the top left stands your case: no alarm at the inputs, and the dearest of
# all. Loudness does not tell which is which; only what happens to users does.
#
# ## Act, watch or ignore?
# Acting costs work: engineer days at 600 €, while the harm goes on. Watching means to look again in two weeks (20 €), and to act then if it is still there. Ignoring costs the harm, for as
# long as it lasts. Find a change for which each of the three is cheapest.

# %%
panels.act_panel(seed)

# %% [markdown]
# A strong rename is worth a week of work, at almost any price. Weak first names are worth nothing for a short horizon and a dear mend. What may pass by itself is worth watching. Louder
# microphones are never worth it, and their record should say *why nothing was done*, or the next person on call starts anew. A holiday season is the same, and ends on its own:

# %%
volume = shift.daily(harm.planned(seed, "season").log, usual)["requests"]
volume.iloc[[0, 7, 14, 20, 21, 27]].round(2).to_dict()

# %% [markdown]
# ## The incident record
# What is not written down is found again next year. A record says what, since when, how bad, evidence **for and against**, the mitigation, an owner, the next step, and what would prove you
# wrong. This is MLOps: *incident response*. One like this is refused:

# %%
lesson.file(dict(what="renamed_figure", since=since, harm=9000, owner="me"))

# %% [markdown]
# Change the next one as you like; it is kept for lesson 10, where somebody must mend what you found.

# %%
record = dict(incident.REFERENCE, since=since, harm=[round(low), round(high)])
lesson.file(record)
record["evidence_against"], record["wrong_if"]

# %% [markdown]
# ## The incident desk
# Eight incidents wait, each with a cause, day and strength of its own; one of them may be nothing at all. Look, listen, answer, submit; then the truth appears, with the reference's way and what your
# handling would have cost. Do at least two.

# %%
panels.desk(seed)

# %% [markdown]
# The same without controls, for your own code:

# %%
mine = desks.open_incident(seed, 2)
mine.evidence().head(3).round(1)

# %% [markdown]
# `mine.listen([...])` hears, and `mine.submit("nothing", 150, "do nothing")` answers. Runbook, all of it: hurt? mitigate, slice, listen, cause; then act, watch or ignore, and write it down.
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
# **What this does not prove.** Each cause came alone, as a step, and was one of nine that we knew. Real incidents overlap, grow slowly, and are of a tenth kind. Listeners here are never wrong. Users who
# leave without asking again are in no log.
#
# **A judgement question** with no single answer: the block turns wrong cards of three famous people into "sorry?", and their agents call. The mend needs two days. Does the block stay, and who decides?
#
# **Two interview questions this lesson answers**: *"Accuracy fell overnight. What are your first 30 minutes?"* and *"How do you find a silent failure?"*

# %% [markdown]
# ## Optional: how far have the names moved?
# The signal `names` compares shares of cards. Here are some of two times:

# %%
p = usual["best"].value_counts(normalize=True)
q = harm.planned(seed, "season").log["best"].value_counts(normalize=True)
p.head(3).round(3).to_dict(), q.head(3).round(3).to_dict()

# %% [markdown]
# **Exercise 09.5.** Given are two Series of shares by card; a card may be missing on one side. Return the share of requests that moved to other cards: half the sum of the absolute
# differences.

# %%
# exercise: 09.5
variation = check("09.5", variation)
round(variation(p, q), 3)

# %% [markdown]
# In a season it moves, and no user is worse off; under new names it moves, and many are. It explains an alarm; it is none.
