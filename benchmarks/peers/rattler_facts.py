"""What py-rattler is told about the machine that the answer is for."""
from rattler import GenericVirtualPackage, PackageName, Version
from rattler.package import BuildString


def facts(cuda, glibc):
    found = {"__glibc": glibc, "__linux": "5.10", "__unix": "0", "__archspec": "1"}
    if cuda != "none":
        found["__cuda"] = cuda
    builds = {"__archspec": "x86_64"}
    return [
        GenericVirtualPackage(PackageName(name), Version(version), BuildString(builds.get(name, "0")))
        for name, version in found.items()
    ]
