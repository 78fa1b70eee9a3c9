"""The file of results: a line a run, so that a study goes on where it was stopped."""
import json
from dataclasses import fields

from settings import Setting

# What tells runs apart.
SETTING = [field.name for field in fields(Setting)]


class ResultsFile:
    """The records in FOLDER/results.jsonl, and the study they belong to in FOLDER/study.json."""

    def __init__(self, folder, study):
        self.path = folder / "results.jsonl"
        known = folder / "study.json"
        if known.exists():
            earlier = json.loads(known.read_text())
            if earlier != study:
                raise SystemExit(f"{folder}: holds the results of another study: {earlier}; "
                                 "to fix: name another folder")
        known.write_text(json.dumps(study, indent=1) + "\n")
        self.records = []
        if self.path.exists():
            text = self.path.read_text()
            whole = text[:text.rfind("\n") + 1]
            if whole != text:  # stopped while it wrote
                self.path.write_text(whole)
            self.records = [json.loads(line) for line in whole.splitlines()]

        self.done = {self.name(record) for record in self.records}

    @staticmethod
    def name(record):
        return tuple(record[key] for key in SETTING)

    def __contains__(self, setting):
        return self.name(setting.record()) in self.done

    def keep(self, record):
        self.records.append(record)
        self.done.add(self.name(record))
        with open(self.path, "a") as file:
            file.write(json.dumps(record) + "\n")
