#include "lock/lock_rules.hpp"

#include <functional>

#include <gtest/gtest.h>

#include "lock/lockfile.hpp"
#include "tests/unit/lock/sample_lock.hpp"

namespace aimlock::testing {
namespace {

/// One change to a good lock that breaks one rule.
struct Case {
    const char* name;
    void (*change)(Lock&);
    const char* error;
    friend void PrintTo(const Case& c, std::ostream* out) { *out << c.name; }
};

class LockRules : public ::testing::TestWithParam<Case> {};

TEST_P(LockRules, RefuseAPoisonedLock) {
    Lock lock = sample_lock();
    GetParam().change(lock);
    const Result<Lock> read = read_lock(write_lock(lock), "aimlock.lock");
    ASSERT_FALSE(read);
    EXPECT_EQ(read.error().message, GetParam().error);
    EXPECT_GT(read.error().pos.line, 2U);
}

Package& numpy(Lock& lock) {
    return lock.packages[0].package;
}
Package& thinc(Lock& lock) {
    return lock.packages[2].package;
}

INSTANTIATE_TEST_SUITE_P(
    Table,
    LockRules,
    ::testing::Values(
        Case{"other_host", [](Lock& l) { numpy(l).url = "https://evil.example/linux-64/numpy-1.conda"; },
             "host `evil.example` is not one that `conda-forge` named when the lock was made"},
        Case{"other_port",
             [](Lock& l) { numpy(l).url = "https://channel.example:444/linux-64/numpy-1.conda"; },
             "host `channel.example:444` is not one that `conda-forge` named when the lock was made"},
        Case{"host_as_user_name",
             [](Lock& l) { numpy(l).url = "https://channel.example@evil.example/numpy-1.conda"; },
             "address holds a user name or password"},
        Case{"host_behind_backslash",
             [](Lock& l) { numpy(l).url = "https://evil.example\\@channel.example/numpy-1.conda"; },
             "address holds a user name or password"},
        Case{"password", [](Lock& l) { l.sources[1].url = "https://me:secret@index.example/simple"; },
             "address holds a user name or password"},
        Case{"token", [](Lock& l) { l.sources[0].url = "https://channel.example/t/abc/conda-forge"; },
             "address holds an access token"},
        Case{"downgrade", [](Lock& l) { numpy(l).url = "http://channel.example/linux-64/numpy-1.conda"; },
             "http address from an https source"},
        Case{"registry_from_a_server",
             [](Lock& l) { numpy(l).url = "oci://channel.example/conda-forge/linux-64/numpy-1.conda"; },
             "oci address from a source that is in no registry"},
        Case{"file_from_a_server", [](Lock& l) { numpy(l).url = "file:///tmp/numpy-1.conda"; },
             "file is outside of its source `https://channel.example/conda-forge`"},
        Case{"other_protocol", [](Lock& l) { numpy(l).url = "scp://channel.example/numpy-1.conda"; },
             "address is neither http(s), oci nor a file"},
        Case{"no_conda_package",
             [](Lock& l) { numpy(l).url = "https://channel.example/linux-64/numpy.tar.gz"; },
             "not a conda package"},
        Case{"sdist", [](Lock& l) { thinc(l).url = "https://files.example/thinc-8.2.5.tar.gz"; },
             "not a wheel"},
        Case{"path_as_name", [](Lock& l) { numpy(l).name = "../numpy"; }, "not a package name"},
        Case{"dots_as_name", [](Lock& l) { numpy(l).name = ".."; }, "not a package name"},
        Case{"homoglyph", [](Lock& l) { numpy(l).name = "num\xd1\x80y"; }, "not a package name"},
        Case{"path_as_version", [](Lock& l) { numpy(l).version = "1/.."; }, "not a version"},
        Case{"path_as_build", [](Lock& l) { numpy(l).build = "../../x"; }, "not a build"},
        Case{"build_of_a_wheel", [](Lock& l) { thinc(l).build = "0"; }, "not a build"},
        Case{"other_platform", [](Lock& l) { numpy(l).subdir = "linux-aarch64"; },
             "platform `linux-aarch64` is not that of target `cpu`"},
        Case{"unknown_channel", [](Lock& l) { numpy(l).origin = "bioconda"; },
             "no source `bioconda` in this lock"},
        Case{"channel_of_the_other_kind", [](Lock& l) { thinc(l).origin = "conda-forge"; },
             "no source `conda-forge` in this lock"},
        Case{"unknown_target", [](Lock& l) { l.packages[0].targets = {"tpu"}; },
             "no target `tpu` in this lock"},
        Case{"no_target", [](Lock& l) { l.packages[0].targets.clear(); }, "`targets` is empty"},
        Case{"target_twice",
             [](Lock& l) {
                 l.packages[0].targets = {"gpu", "gpu"};
             },
             "`targets` is not sorted, or names a target twice"},
        Case{"package_twice", [](Lock& l) { l.packages[1].package.name = "numpy"; },
             "two packages `numpy` for target `cpu`"},
        Case{"source_twice", [](Lock& l) { l.sources.push_back(l.sources[0]); },
             "source `conda-forge` stands twice"},
        Case{"target_block_twice", [](Lock& l) { l.targets.push_back(l.targets[0]); },
             "target `cpu` stands twice"},
        Case{"site_packages_outside", [](Lock& l) { l.targets[0].python_site_packages_path = "lib/../../x"; },
             "not a path inside the environment"},
        Case{"empty_requirement", [](Lock& l) { l.roots[0].requirement.clear(); }, "requirement is empty"}),
    [](const auto& test) { return std::string(test.param.name); });

TEST(LockRulesOfFiles, AFileStaysInsideItsChannel) {
    for (const char* url :
         {"channel/../../etc/numpy-1.conda", "channels/linux-64/numpy-1.conda", "/channel/numpy-1.conda"}) {
        Lock lock = sample_lock();
        lock.sources[0].url = "channel";
        lock.packages.erase(lock.packages.begin() + 1);
        lock.packages[0].package.url = url;
        const Result<Lock> read = read_lock(write_lock(lock), "aimlock.lock");
        ASSERT_FALSE(read) << url;
        EXPECT_EQ(read.error().message, "file is outside of its source `channel`");
    }
}

TEST(LockRulesOfFiles, PackagesOfOneNameMayDifferByTarget) {
    Lock lock = sample_lock();
    lock.packages[0].targets = {"cpu"};
    lock.packages.insert(lock.packages.begin() + 1, {lock.packages[0].package, {"gpu"}});
    lock.packages[1].package.version = "2.0.0";
    EXPECT_TRUE(read_lock(write_lock(lock), "aimlock.lock"));
}

}  // namespace
}  // namespace aimlock::testing
