#include "tests/unit/image/sample_environment.hpp"

#include <algorithm>
#include <tuple>

#include <fmt/format.h>

namespace aimlock::testing {
namespace {

constexpr std::uint64_t kib = 1024;
constexpr std::uint64_t mib = 1024 * kib;

}  // namespace

Package conda_package(const std::string& name, std::uint64_t size_bytes, std::vector<std::string> depends) {
    Package package;
    package.name = name;
    package.version = name == "python" ? "3.12.7" : "1.0";
    package.build = "0";
    package.subdir = "linux-64";
    package.url =
        fmt::format("https://channel.example/conda-forge/linux-64/{}-{}-0.conda", name, package.version);
    package.size_bytes = size_bytes;
    package.sha256 = sha256_of(package.url + std::to_string(size_bytes));
    package.origin = "conda-forge";
    package.depends = std::move(depends);
    return package;
}

Package wheel(const std::string& name, std::uint64_t size_bytes, bool pure) {
    Package package;
    package.kind = PackageKind::pypi;
    package.name = name;
    package.version = "2.0";
    package.url = fmt::format("https://index.example/files/{}-2.0-{}.whl", name,
                              pure ? "py3-none-any" : "cp312-cp312-manylinux_2_28_x86_64");
    package.size_bytes = size_bytes;
    package.sha256 = sha256_of(package.url + std::to_string(size_bytes));
    package.origin = "https://index.example/simple";
    return package;
}

Lock lock_of(std::vector<Package> packages,
             const std::vector<std::string>& asked_conda,
             const std::vector<std::string>& asked_pypi) {
    Lock lock;
    lock.inputs = sha256_of("inputs");
    lock.base = LockBase{"nvidia/cuda:12.2.2-base-ubuntu22.04", "sha256:" + sha256_of("base").hex()};
    lock.sources = {
        {PackageKind::conda, "conda-forge", "https://channel.example/conda-forge", {"channel.example"}},
        {PackageKind::pypi,
         "https://index.example/simple",
         "https://index.example/simple",
         {"index.example"}}};
    LockTarget target{"gpu",   "linux-64", {{"__cuda", "12.2", "0"}, {"__glibc", "2.35", "0"}},
                      {"8.6"}, "",         ""};
    std::ranges::sort(packages, {}, [](const Package& p) { return std::tie(p.kind, p.name); });
    for (const Package& package : packages) {
        if (package.name == "python") {
            target.python_version = package.version;
            target.python_site_packages_path = "lib/python3.12/site-packages";
        }
        lock.packages.push_back({package, {"gpu"}});
    }
    lock.targets = {target};
    for (const std::string& name : asked_conda) lock.roots.push_back({PackageKind::conda, name, {"gpu"}, {}});
    for (const std::string& name : asked_pypi) lock.roots.push_back({PackageKind::pypi, name, {"gpu"}, {}});
    return lock;
}

Lock small_lock() {
    Package tzdata = conda_package("tzdata", 120 * kib);
    tzdata.noarch = "generic";
    Package jupyterlab = conda_package("jupyterlab", 7 * mib, {"python >=3.10"});
    jupyterlab.noarch = "python";
    Package cudart = conda_package("cuda-cudart", 200 * kib);
    cudart.constrains = {"__cuda >=12.2,<13"};
    return lock_of(
        {conda_package("python", 30 * mib, {"openssl >=3.0", "tzdata", "__glibc >=2.17"}),
         conda_package("openssl", 3 * mib, {"ca-certificates"}), conda_package("ca-certificates", 150 * kib),
         tzdata, jupyterlab, cudart, conda_package("libcublas", 446 * mib), conda_package("numpy", 8 * mib),
         wheel("transformers", 11 * mib), wheel("tokenizers", 3 * mib, false), wheel("tqdm", 76 * kib)},
        {"python 3.12.*", "conda-forge::jupyterlab", "numpy >=1.26"}, {"Transformers[torch]>=4.44"});
}

Lock large_lock() {
    std::vector<Package> packages{conda_package("python", 30 * mib, {"openssl"}),
                                  conda_package("openssl", 3 * mib)};
    // 60 packages of 8 to 800 MiB, 100 of 1 to 8 MiB, 450 below: what a solve of pytorch, JupyterLab and
    // friends has.
    std::uint64_t state = 7;
    const auto random = [&state](std::uint64_t below) {
        state = state * 6364136223846793005U + 1442695040888963407U;
        return (state >> 33U) % below;
    };
    for (int i = 0; i < 60; ++i) {
        const std::uint64_t size = i < 6 ? (200 + random(600)) * mib : (8 + random(40)) * mib;
        packages.push_back(conda_package(fmt::format("heavy{}", i), size));
    }
    for (int i = 0; i < 100; ++i)
        packages.push_back(conda_package(fmt::format("middle{}", i), mib + random(6 * mib)));
    for (int i = 0; i < 300; ++i)
        packages.push_back(conda_package(fmt::format("little{}", i), 10 * kib + random(700 * kib)));
    for (int i = 0; i < 150; ++i)
        packages.push_back(wheel(fmt::format("wheel{}", i), 10 * kib + random(700 * kib)));
    return lock_of(std::move(packages), {"python 3.12.*"}, {});
}

}  // namespace aimlock::testing
