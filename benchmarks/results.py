"""What was measured, as rows of one table."""

from dataclasses import dataclass


@dataclass
class Result:
    """One figure. ``ratio`` is what the ``target`` is about, where there is one; both in words that fit a table."""

    subject: str
    what: str
    value: str
    against: str = ""
    ratio: float | None = None
    target: str = ""
    met: bool | None = None

    @classmethod
    def at_most(cls, subject, what, value, against, ratio, limit):
        return cls(subject, what, value, against, ratio, f"≤ {limit:g}", ratio <= limit)

    @classmethod
    def at_least(cls, subject, what, value, against, ratio, limit):
        return cls(subject, what, value, against, ratio, f"≥ {limit:g}", ratio >= limit)

    def cells(self):
        ratio = "" if self.ratio is None else f"{self.ratio:.2f}"
        met = {None: "", True: "met", False: "**missed**"}[self.met]
        return [self.subject, self.what, self.value, self.against, ratio, self.target, met]


HEAD = ["", "Measured", "Figure", "Beside", "Ratio", "Target", ""]


def markdown(results):
    lines = ["| " + " | ".join(HEAD) + " |", "|" + "---|" * len(HEAD)]
    subject = None
    for result in results:
        cells = result.cells()
        if cells[0] == subject:
            cells[0] = ""
        subject = result.subject
        lines.append("| " + " | ".join(cells) + " |")
    return "\n".join(lines) + "\n"


def duration(seconds):
    return f"{seconds:.2f} s" if seconds >= 0.1 else f"{1000 * seconds:.1f} ms"
