#include "tests/unit/lock/sample_lock.hpp"

#include <algorithm>
#include <random>
#include <vector>

#include <gtest/gtest.h>

namespace aimlock::testing {
namespace {

Package conda_numpy() {
    Package package;
    package.name = "numpy";
    package.version = "1.26.4";
    package.build = "py312heda63a1_0";
    package.url = "https://channel.example/conda-forge/linux-64/numpy-1.26.4-py312heda63a1_0.conda";
    package.sha256 = sha256_of("numpy");
    package.size_bytes = 7'504'120;
    package.md5 = "d8285bea2a350f63fab23bf460221f3f";
    package.origin = "conda-forge";
    package.subdir = "linux-64";
    package.depends = {"libblas >=3.9.0,<4.0a0", "python >=3.12,<3.13.0a0", "python_abi 3.12.* *_cp312"};
    package.constrains = {"numpy-base <0a0"};
    package.provides = {"numpy==1.26.4"};
    package.license = "BSD-3-Clause";
    package.timestamp_ms = 1'707'225'570'061;
    return package;
}

Package conda_python() {
    Package package;
    package.name = "python";
    package.version = "3.12.7";
    package.build = "hc5c86c4_0_cpython";
    package.url = "https://cdn.channel.example/conda-forge/linux-64/python-3.12.7-hc5c86c4_0_cpython.conda";
    package.sha256 = sha256_of("python");
    package.size_bytes = 31'574'780;
    package.origin = "conda-forge";
    package.subdir = "linux-64";
    package.python_site_packages_path = "lib/python3.12/site-packages";
    return package;
}

Package pypi_thinc() {
    Package package;
    package.kind = PackageKind::pypi;
    package.name = "thinc";
    package.version = "8.2.5";
    package.url = "https://files.example/packages/thinc-8.2.5-cp312-cp312-manylinux_2_17_x86_64.whl";
    package.sha256 = sha256_of("thinc");
    package.size_bytes = 865'000;
    package.origin = "https://index.example/simple";
    package.depends = {"numpy<2.0.0,>=1.19.0; python_version >= \"3.9\"",
                       "cupy-cuda12x>=11.5; extra == 'cuda12x'"};
    package.extras = {"cuda12x"};
    package.requires_python = ">=3.6";
    return package;
}

}  // namespace

Lock sample_lock() {
    Lock lock;
    lock.inputs = sha256_of("inputs");
    lock.name_map = sha256_of("");
    lock.exclude_newer = "2026-11-20T00:00:00Z";
    lock.base = LockBase{"nvidia/cuda:12.2.2-base-ubuntu22.04", "sha256:" + sha256_of("base").hex()};
    lock.sources = {{PackageKind::conda,
                     "conda-forge",
                     "https://channel.example/conda-forge",
                     {"cdn.channel.example", "channel.example"}},
                    {PackageKind::pypi,
                     "https://index.example/simple",
                     "https://index.example/simple",
                     {"files.example"}}};
    const std::string site = "lib/python3.12/site-packages";
    lock.targets = {
        {"cpu", "linux-64", {{"__archspec", "1", "x86_64"}, {"__glibc", "2.28", "0"}}, {}, "3.12.7", site},
        {"gpu",
         "linux-64",
         {{"__cuda", "12.2", "0"}, {"__glibc", "2.35", "0"}},
         {"8.6", "9.0"},
         "3.12.7",
         site,
         {12, "12.0", {"8.0", "8.6", "9.0"}}}};
    lock.roots = {{PackageKind::conda, "numpy *", {"cpu", "gpu"}, ""},
                  {PackageKind::pypi, "thinc ==8.2.5", {"gpu"}, "https://index.example/simple"}};
    lock.constraints = {{PackageKind::conda, "openssl <4", {"cpu", "gpu"}, ""}};
    lock.packages = {
        {conda_numpy(), {"cpu", "gpu"}}, {conda_python(), {"cpu", "gpu"}}, {pypi_thinc(), {"gpu"}}};
    return lock;
}

Lock random_lock(std::uint32_t seed) {
    std::mt19937 random(seed);
    const auto below = [&random](unsigned n) { return static_cast<unsigned>(random() % n); };
    // Quotes, escapes, comment and table characters, text of two, three and four bytes.
    const std::vector<std::string> pieces{"a",  "Z", "9", " ",  "\"",     "\\",     "#",         "[",
                                          "]]", "=", "'", ", ", "\u00e9", "\u20ac", "\U0001F40D"};
    const auto words = [&] {
        std::string text;
        for (unsigned i = below(12); i > 0; --i) text += pieces[below(static_cast<unsigned>(pieces.size()))];
        return text;
    };
    const auto list = [&] {
        std::vector<std::string> texts;
        for (unsigned i = below(4); i > 0; --i) texts.push_back(words());
        return texts;
    };
    Lock lock = sample_lock();
    lock.prerelease = below(2) == 0 ? "if-necessary" : "allow";
    lock.resolution = below(2) == 0 ? "highest" : "lowest-direct";
    if (below(2) == 0) lock.exclude_newer.reset();
    if (below(2) == 0) lock.base.reset();
    if (below(4) == 0) lock.constraints.clear();
    if (below(4) == 0) lock.roots.clear();
    lock.packages.clear();
    for (unsigned i = below(20); i > 0; --i) {
        Package package = below(2) == 0 ? conda_numpy() : pypi_thinc();
        package.name += std::to_string(i);
        package.build_number = below(3);
        package.sha256 = sha256_of(std::to_string(random()));
        package.size_bytes = (std::uint64_t{random()} << 31U) / (1U + below(1000));
        package.depends = list();
        package.constrains = list();
        package.extras = list();
        package.license = words();
        package.noarch = below(2) == 0 ? "" : "python";
        package.timestamp_ms = below(2) == 0 ? 0 : random();
        package.yanked = below(5) == 0;
        package.prerelease = below(5) == 0;
        lock.packages.push_back({package, below(2) == 0 ? std::vector<std::string>{"gpu"}
                                                        : std::vector<std::string>{"cpu", "gpu"}});
    }
    return lock;
}

std::string replaced(std::string text, std::string_view from, std::string_view to) {
    const std::size_t at = text.find(from);
    if (at == std::string::npos) {
        ADD_FAILURE() << "the text has no " << from;
        return text;
    }
    return text.replace(at, from.size(), to);
}

std::string resealed(const std::string& text) {
    const std::size_t begin = text.find("content = \"");
    const std::size_t end = text.find('\n', begin) + 1;
    const std::string others = text.substr(0, begin) + text.substr(end);
    return text.substr(0, begin) + "content = \"" + sha256_of(others).hex() + "\"\n" + text.substr(end);
}

}  // namespace aimlock::testing
