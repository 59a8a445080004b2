#!/usr/bin/env python3
"""How early, and at what price in false alarms, the illness detectors speak: Benchmarks/illness/README.md.

    Benchmarks/illness/report.py VITALD DATA

VITALD is the program, DATA the folder that holds `mishra2020_fitbit` and `daily_hrv` (see README.md). Prints Markdown.
Runs `vitald analyze --series … --format csv` over each wearer's files and counts; nothing else is computed here.
"""
import csv
import datetime as dt
import gzip
import io
import itertools
import math
import pathlib
import subprocess
import sys
import tempfile

# Days from onset in which an alarm counts as before or at onset, those of the last week, and those that count as an
# illness or its surroundings.
EARLY = range(-21, 1)
WEEK = range(-7, 1)
AROUND = range(-21, 29)
# A wearer counts as watched before onset when a detector judged this many of the EARLY days.
ENOUGH = 7
# Alarm days with less than so many days between them are one alarm.
PAUSE = 3
# What a rule may cost on the people it was chosen on.
PRICE = 2.0

SERIES = ["night_signal:published", "night_signal", "illness_cusum", "illness_alarm", "control_chart", "hr_excess"]


def analyze(program, files, series, *options):
    text = subprocess.run(
        [program, "analyze", *map(str, files), "--series", ",".join(series), "--format", "csv", *options],
        check=True, capture_output=True, text=True).stdout
    rows = {name: [] for name in series}
    for row in csv.DictReader(io.StringIO(text)):
        time = dt.datetime.fromisoformat(row["time"].replace("Z", "+00:00"))
        rows[row["name"]].append((time, float(row["value"])))
    return rows


class Person:
    """Per day from onset: what each series said. A missing day was not judged."""

    def __init__(self, name, onset, rows, recorded=()):
        self.name = name
        self.days = {series: {} for series in rows}

        def day(time):
            return (time.date() - onset).days

        for series, values in rows.items():
            for time, value in sorted(values):
                self.days[series].setdefault(day(time), []).append(value)
        alarms = [(day(t), v) for t, v in sorted(rows.get("illness_alarm", []))]
        # The first 28 recorded days are judged by themselves and told later: nothing was known in time.
        begin = (recorded[27] - onset).days if len(recorded) > 27 else math.inf
        judged = {d for d, _ in alarms if d > begin}
        self.days |= {"first": {}, "confirmed": {}, "cusum_state": {}}
        before = 0
        for d, value in alarms:
            if d in judged:
                self.days["first"].setdefault(d, []).append(1 if value >= 1 > before else 0)
                self.days["confirmed"].setdefault(d, []).append(1 if value >= 2 > before else 0)
                self.days["cusum_state"].setdefault(d, []).append(value)
            before = value

    def top(self, series):
        return {d: max(values) for d, values in self.days.get(series, {}).items()}

    def middle(self, series):
        return {d: sorted(values)[len(values) // 2] for d, values in self.days.get(series, {}).items()}


def rule(series, limit, middle=False):
    """Judged days, and whether the series reached the limit on each."""
    def judge(person):
        values = person.middle(series) if middle else person.top(series)
        return {d: value >= limit for d, value in values.items()}
    return judge


def both(a, b):
    """Both on one day, or one on the day after the other; judged where both were."""
    def judge(person):
        x, y = a(person), b(person)
        return {d: (x[d] and (y[d] or y.get(d - 1, False))) or (y[d] and x.get(d - 1, False)) for d in x if d in y}
    return judge


def either(a, b):
    def judge(person):
        x, y = a(person), b(person)
        return {d: x.get(d, False) or y.get(d, False) for d in set(x) | set(y)}
    return judge


def begins(judged):
    """The days on which an alarm begins."""
    found, last = [], None
    for d in sorted(judged):
        if judged[d]:
            if last is None or d - last > PAUSE:
                found.append(d)
            last = d
    return found


class Score:
    def __init__(self):
        self.watched = self.early = self.week = self.alarms = self.alarm_days = self.healthy = 0
        self.leads = []

    def add(self, judged):
        starts = begins(judged)
        if sum(d in EARLY for d in judged) >= ENOUGH:
            self.watched += 1
            hits = [d for d in starts if d in EARLY]
            if hits:
                self.early += 1
                self.week += any(d in WEEK for d in starts)
                self.leads.append(-hits[0])
        self.healthy += sum(d not in AROUND for d in judged)
        self.alarms += sum(d not in AROUND for d in starts)
        self.alarm_days += sum(judged[d] and d not in AROUND for d in judged)
        return self

    @property
    def rate(self):
        return 30 * self.alarms / self.healthy if self.healthy else math.nan

    def chance(self, window=EARLY):
        """How many of the watched would have an alarm in the window if alarms came at the rate of healthy days."""
        return self.watched * (1 - math.exp(-len(window) / 30 * self.rate)) if self.healthy else math.nan

    @property
    def skill(self):
        return self.early - self.chance()

    def row(self, name):
        low, high = share(self.early, self.watched)
        least, most = poisson(self.alarms)
        per = 30 / self.healthy if self.healthy else math.nan
        leads = ", ".join(map(str, sorted(self.leads, reverse=True))) or "–"
        return (f"| {name} | {self.early} of {self.watched} ({low:.0%} – {high:.0%}) | {self.chance():.1f} "
                f"| {self.week} ({self.chance(WEEK):.1f}) | {leads} "
                f"| {self.alarms} in {self.healthy} days | {self.rate:.1f} ({least * per:.1f} – {most * per:.1f}) "
                f"| {30 * self.alarm_days / self.healthy if self.healthy else math.nan:.1f} |")


HEAD = ("| detector | before or at onset (95 % CI) | by chance | in the last week (by chance) | days ahead | alarms on healthy days "
        "| per 30 healthy days (95 % CI) | alarm days per 30 |\n|---|---|---|---|---|---|---|---|")


def bisect(f, low, high):
    for _ in range(80):
        middle = (low + high) / 2
        low, high = (middle, high) if f(middle) else (low, middle)
    return low


def share(k, n):
    """Clopper–Pearson, 95 %."""
    if n == 0:
        return 0.0, 1.0

    def tail(p, ks):
        return sum(math.comb(n, i) * p ** i * (1 - p) ** (n - i) for i in ks)
    low = 0.0 if k == 0 else bisect(lambda p: tail(p, range(k, n + 1)) < 0.025, 0, 1)
    high = 1.0 if k == n else bisect(lambda p: tail(p, range(0, k + 1)) > 0.025, 0, 1)
    return low, high


def poisson(k):
    """Exact, 95 %: expected counts that k does not contradict."""
    def below(m, ks):
        return sum(math.exp(-m) * m ** i / math.factorial(i) for i in ks)
    low = 0.0 if k == 0 else bisect(lambda m: 1 - below(m, range(k)) < 0.025, 0, 10 * k + 20)
    return low, bisect(lambda m: below(m, range(k + 1)) > 0.025, 0, 10 * k + 20)


def cohort(program, data):
    folder = data / "mishra2020_fitbit"
    for label in csv.DictReader(open(folder / "labels.csv")):
        name = label["subject"]
        files = [folder / f"{name}_{kind}.csv.gz" for kind in ("hr", "steps")]
        with gzip.open(files[0], "rt") as rates:
            recorded = sorted({row[0][:10] for row in csv.reader(rates)} - {"datetime"})
        yield Person(
            name, dt.date.fromisoformat(label["symptom_onset"]), analyze(program, files, SERIES),
            [dt.date.fromisoformat(day) for day in recorded])


def daily(program, data):
    """People with a resting heart rate a day from their wearable and an onset: a second, untouched cohort."""
    folder = data / "daily_hrv"
    onsets = {}
    for row in csv.DictReader(open(folder / "welltory_participants.csv")):
        if row["symptoms_onset"]:
            onsets[row["user_code"]] = dt.datetime.strptime(row["symptoms_onset"], "%m/%d/%Y").date()
    values = {}
    with gzip.open(folder / "welltory_wearables_daily.csv.gz", "rt") as file:
        for row in csv.DictReader(file):
            if row["user_code"] in onsets and row["resting_pulse"]:
                values.setdefault(row["user_code"], {})[row["day"]] = row["resting_pulse"]
    for name, days in sorted(values.items()):
        with tempfile.TemporaryDirectory() as place:
            path = pathlib.Path(place) / "resting.csv"
            path.write_text("time,resting_heart_rate\n" + "".join(f"{d} 07:00:00,{days[d]}\n" for d in sorted(days)))
            yield Person(name, onsets[name], analyze(program, [path], ["night_signal", "control_chart"]))


def total(judge, people):
    score = Score()
    for person in people:
        score.add(judge(person))
    return score


def candidates():
    atoms = {
        "night ≥ 1": rule("night_signal", 1), "night = 2": rule("night_signal", 2),
        "CuSum": rule("cusum_state", 1), "CuSum confirmed": rule("cusum_state", 2),
        "chart ≥ 2": rule("control_chart", 2), "chart ≥ 3": rule("control_chart", 3),
        "excess ≥ 3": rule("hr_excess", 3, middle=True), "excess ≥ 5": rule("hr_excess", 5, middle=True),
    }
    rules = dict(atoms)
    for (a, x), (b, y) in itertools.combinations(atoms.items(), 2):
        if a.split()[0] != b.split()[0]:
            rules[f"{a} and {b}"] = both(x, y)
            rules[f"{a} or {b}"] = either(x, y)
    return rules


def best(rules, people):
    """Most people early beyond what chance gives, at no more than the price; then fewest alarms; then the first."""
    scores = {name: total(judge, people) for name, judge in rules.items()}
    fair = [name for name in rules if scores[name].watched and scores[name].rate <= PRICE]
    return min(fair, key=lambda name: (-scores[name].skill, scores[name].rate), default=None)


def main():
    if len(sys.argv) != 3:
        sys.exit(__doc__)
    program, data = sys.argv[1], pathlib.Path(sys.argv[2])
    people = list(cohort(program, data))
    print(f"### {len(people)} wristband wearers, minutes of heart rate and steps\n\n{HEAD}")
    print(total(rule("night_signal:published", 2), people).row("NightSignal, published, red"))
    print(total(rule("night_signal:published", 1), people).row("NightSignal, published, yellow or red"))
    print(total(rule("night_signal", 2), people).row("`night_signal` = 2"))
    print(total(rule("night_signal", 1), people).row("`night_signal` ≥ 1"))
    print(total(rule("first", 1), people).row("CuSum, first crossings (`illness_alarm` turns 1)"))
    print(total(rule("confirmed", 1), people).row("CuSum confirmed (`illness_alarm` turns 2)"))
    print(total(rule("control_chart", 2.962), people).row("`control_chart` ≥ 2.962"))
    rules = candidates()
    score, choices = Score(), []
    for person in people:
        chosen = best(rules, [p for p in people if p is not person])
        choices.append(chosen)
        if chosen:
            score.add(rules[chosen](person))
    print(score.row("best combination, chosen on the others"))
    print(f"\nChosen from {len(rules)} rules, leaving one person out each time: "
          + "; ".join(f"{c} ({choices.count(c)}×)" for c in dict.fromkeys(choices)) + ".")
    chosen = best(rules, people)
    if chosen:
        print(f"\nOn all of them the choice is *{chosen}*; its figures on the same people, which flatter:\n\n{HEAD}")
        print(total(rules[chosen], people).row(chosen))
    others = [p for p in daily(program, data)]
    print(f"\n### {len(others)} other people with one resting rate a day\n\n{HEAD}")
    print(total(rule("night_signal", 2), others).row("`night_signal` = 2"))
    print(total(rule("night_signal", 1), others).row("`night_signal` ≥ 1"))
    print(total(rule("control_chart", 2.962), others).row("`control_chart` ≥ 2.962"))
    both_ = both(rule("night_signal", 1), rule("control_chart", 2))
    print(total(both_, others).row("`night_signal` ≥ 1 and `control_chart` ≥ 2"))


if __name__ == "__main__":
    main()
