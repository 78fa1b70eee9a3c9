"""What can be compared: each setting of the pruning with the options that make it."""
import itertools
from dataclasses import asdict, dataclass

# In the order of the tables.
CRITERIA = {
    "random": ["--criterion", "random"],
    "l1": ["--criterion", "l1"],
    "l2": ["--criterion", "l2"],
    "fpgm": ["--criterion", "fpgm"],
    "bn-scale": ["--criterion", "bn-scale"],
    "taylor": ["--criterion", "taylor"],
    "paper-central": ["--criterion", "paper", "--keep", "central"],
    "paper-peripheral": ["--criterion", "paper", "--keep", "peripheral"],
    "obs": ["--criterion", "obs"],
    "centrality": ["--criterion", "centrality"],
}
UNPRUNED = "unpruned"
REPAIRS = {
    "none": ["--repair", "none"],
    "merge": ["--repair", "merge"],
    "merge+paired": ["--repair", "merge", "--batchnorm", "paired"],
    "merge+recalibrate": ["--repair", "merge", "--batchnorm", "recalibrate"],
    "sequential": ["--repair", "sequential"],
}


@dataclass(frozen=True)
class Setting:
    """One run; its fields name it in the results."""
    model: str
    criterion: str
    ratio: float
    repair: str
    layers: str
    calibration: str
    head: str
    seed: int

    def record(self):
        return asdict(self)

    def pruning_options(self, calibration):
        """Options of ecconvert; `calibration` is a value of that option, or None for its default."""
        if self.criterion == UNPRUNED:
            return []
        options = ["--prune", str(self.ratio), "--round-to", "1"]
        if calibration is not None:
            options += ["--calibration", calibration]
        return options + CRITERIA[self.criterion] + REPAIRS[self.repair]


def grid(models, criteria, ratios, repairs, layers, calibration, head, seeds):
    """All settings, seed by seed, so that an early stop leaves whole tables of fewer seeds."""
    settings = []
    for seed, model, layer in itertools.product(range(seeds), models, layers):
        settings.append(Setting(model, UNPRUNED, 0, "none", layer, "none", head, seed))
        settings += [
            Setting(model, criterion, ratio, repair, layer, calibration, head, seed)
            for ratio, repair, criterion in itertools.product(ratios, repairs, criteria)]
    return settings
