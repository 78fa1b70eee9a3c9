"""Marks the wheel as one for this platform, though it has no extension module."""

from setuptools import Distribution, setup
from setuptools.command.bdist_wheel import bdist_wheel


class PlatformWheel(bdist_wheel):
    """A wheel for any Python on this platform."""

    def get_tag(self):
        return ("py3", "none", super().get_tag()[2])


class Platform(Distribution):
    """Has a program in it, so it isn't pure."""

    def has_ext_modules(self):
        return True


setup(distclass=Platform, cmdclass={"bdist_wheel": PlatformWheel})
