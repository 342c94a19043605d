#include "lock/make_lock.hpp"

#include <algorithm>

#include <gtest/gtest.h>

#include "lock/freshness.hpp"
#include "lock/lockfile.hpp"
#include "tests/unit/lock/sample_lock.hpp"

namespace aimlock::testing {
namespace {

/// A request of two targets and solutions of sample_lock()'s packages.
class MakeLock : public ::testing::Test {
protected:
    MakeLock() {
        request_.channels = {"conda-forge"};
        request_.indexes = {"https://index.example/simple"};
        for (const char* name : {"gpu", "cpu"}) {
            TargetRequest target;
            target.target.name = name;
            if (target.target.name == "gpu") target.target.cuda = "12.2";
            target.conda = {{MatchSpec{}, "python 3.12.*", {}}, {MatchSpec{}, "numpy", {}}};
            if (target.target.name == "gpu")
                target.pypi = {{Requirement{}, "thinc ==8.2.5", std::nullopt, {}}};
            request_.targets.push_back(target);
            Solution solution;
            solution.target = target.target;
            solution.python_version = "3.12.7";
            for (const LockPackage& locked : sample_lock().packages) {
                if (std::ranges::count(locked.targets, name) > 0) solution.packages.push_back(locked.package);
            }
            solutions_.push_back(solution);
        }
        for (const LockSource& source : sample_lock().sources) sources_.push_back({source, {}});
        for (SourceInUse& source : sources_) source.source.hosts.clear();
    }

    [[nodiscard]] Result<Lock> made() const {
        return make_lock({request_, solutions_, sources_, sha256_of("map"), std::nullopt});
    }

    Request request_;
    std::vector<Solution> solutions_;
    std::vector<SourceInUse> sources_;
};

TEST_F(MakeLock, MergesWhatTargetsShareAndKeepsTheManifestsOrderOfRoots) {
    const Result<Lock> lock = made();
    ASSERT_TRUE(lock) << lock.error().message;
    ASSERT_EQ(lock->packages.size(), 3U);
    EXPECT_EQ(lock->packages[0].targets, (std::vector<std::string>{"cpu", "gpu"}));
    EXPECT_EQ(lock->packages[2].targets, (std::vector<std::string>{"gpu"}));
    ASSERT_EQ(lock->roots.size(), 3U);
    EXPECT_EQ(lock->roots[0].requirement, "python 3.12.*");
    EXPECT_EQ(lock->roots[0].targets, (std::vector<std::string>{"cpu", "gpu"}));
    EXPECT_EQ(lock->targets[1].python_site_packages_path, "lib/python3.12/site-packages");
    EXPECT_EQ(lock->sources[0].hosts, (std::vector<std::string>{"cdn.channel.example", "channel.example"}));
    const Result<Lock> read = read_lock(write_lock(*lock), "aimlock.lock");
    ASSERT_TRUE(read) << read.error().message;
    EXPECT_EQ(*read, *lock);
}

TEST_F(MakeLock, TheOrderOfSolutionsAndPackagesDoesNotShow) {
    const std::string text = write_lock(*made());
    std::ranges::reverse(solutions_);
    for (Solution& solution : solutions_) std::ranges::reverse(solution.packages);
    EXPECT_EQ(write_lock(*made()), text);
}

TEST_F(MakeLock, OnePackageWithOtherExtrasIsTwoEntries) {
    solutions_[1].packages.push_back(solutions_[0].packages.back());
    solutions_[1].packages.back().extras.clear();
    const Result<Lock> lock = made();
    ASSERT_EQ(lock->packages.size(), 4U);
    EXPECT_EQ(lock->packages[2].targets, std::vector<std::string>{"cpu"});
    EXPECT_TRUE(read_lock(write_lock(*lock), "aimlock.lock"));
}

TEST_F(MakeLock, WithNothingFromPypiNoIndexIsNamed) {
    solutions_[0].packages.pop_back();
    request_.targets[0].pypi.clear();
    const Result<Lock> lock = made();
    ASSERT_EQ(lock->sources.size(), 1U);
    EXPECT_EQ(lock->sources[0].name, "conda-forge");
}

TEST_F(MakeLock, AChannelOfFilesKeepsThePathOfTheManifest) {
    for (const char* resolved : {"/home/me/my project/channel", "file:///home/me/my%20project/channel"}) {
        sources_[0].source.url = "./channel/";
        sources_[0].resolved_url = resolved;
        for (Solution& solution : solutions_) {
            for (Package& package : solution.packages) {
                const std::size_t file = package.url.rfind('/');
                if (package.kind == PackageKind::conda) {
                    package.url = "file:///home/me/my%20project/channel/linux-64" + package.url.substr(file);
                }
            }
        }
        const Result<Lock> lock = made();
        ASSERT_TRUE(lock) << lock.error().message;
        EXPECT_EQ(lock->packages[0].package.url, "./channel/linux-64/numpy-1.26.4-py312heda63a1_0.conda");
        EXPECT_EQ(write_lock(*lock).find("/home"), std::string::npos);
        const Result<Lock> read = read_lock(write_lock(*lock), "aimlock.lock");
        EXPECT_TRUE(read) << read.error().message;
    }
}

TEST_F(MakeLock, SecretsStayOutside) {
    const std::string canary = "s3cret";
    sources_[1].source.url = sources_[1].source.name = "https://me:" + canary + "@index.example/simple/";
    for (Package& package : solutions_[0].packages) {
        if (package.kind == PackageKind::conda) continue;
        package.origin = sources_[1].source.name;
        package.url =
            "https://me:" + canary + "@files.example/thinc-8.2.5-py3-none-any.whl?token=" + canary + "#x";
    }
    request_.targets[0].pypi[0].index = sources_[1].source.url;
    const Result<Lock> lock = made();
    ASSERT_TRUE(lock) << lock.error().message;
    EXPECT_EQ(write_lock(*lock).find(canary), std::string::npos);
    EXPECT_TRUE(read_lock(write_lock(*lock), "aimlock.lock"));
    const Sha256 with = request_digest(request_);
    request_.targets[0].pypi[0].index = "https://other:password@index.example/simple/";
    EXPECT_EQ(request_digest(request_), with);
}

TEST_F(MakeLock, TextOfOthersIsMadeFitToRead) {
    for (Solution& solution : solutions_) solution.packages[0].license = "MIT\n\x1b[31m \xff \u20ac";
    const Result<Lock> lock = made();
    EXPECT_EQ(lock->packages[0].package.license, "MIT  [31m \xef\xbf\xbd \u20ac");
    EXPECT_TRUE(read_lock(write_lock(*lock), "aimlock.lock"));
}

TEST_F(MakeLock, AWheelOfAFolderBelongsToTheFolderWhateverIndexHasItsName) {
    Package wheel;
    wheel.kind = PackageKind::pypi;
    wheel.name = "ours";
    wheel.version = "1.0";
    wheel.sha256 = sha256_of("ours");
    wheel.url = "file:///home/the%20one/wheels/ours-1.0-py3-none-any.whl";
    SourceInUse folder;
    folder.source = LockSource{PackageKind::pypi, "../wheels", "../wheels", {}};
    folder.resolved_url = "file:///home/the%20one/wheels";
    sources_.push_back(folder);
    for (const char* origin : {"file:///home/the%20one/wheels", "https://index.example/simple"}) {
        wheel.origin = origin;
        solutions_[0].packages.push_back(wheel);
        const Result<Lock> lock = made();
        ASSERT_TRUE(lock) << lock.error().message;
        const auto ours = std::ranges::find_if(
            lock->packages, [](const LockPackage& one) { return one.package.name == "ours"; });
        ASSERT_NE(ours, lock->packages.end());
        EXPECT_EQ(ours->package.origin, "../wheels");
        EXPECT_EQ(ours->package.url, "../wheels/ours-1.0-py3-none-any.whl");
        const auto read = read_lock(write_lock(*lock), "aimlock.lock");
        EXPECT_TRUE(read) << read.error().message;
        solutions_[0].packages.pop_back();
    }
    wheel.url = "file:///home/me/elsewhere/ours-1.0-py3-none-any.whl";
    solutions_[0].packages.push_back(wheel);
    EXPECT_NE(made().error().message.find("in no folder of wheels"), std::string::npos);
    sources_.back().source.url = "../my wheels";
    EXPECT_NE(made().error().message.find("no path with a blank"), std::string::npos);
}

TEST_F(MakeLock, RefusesWhatALockMustNotHold) {
    solutions_[0].packages[0].sha256 = {};
    EXPECT_EQ(made().error().message.substr(0, 26), "numpy 1.26.4 has no sha256");
    solutions_[0].packages[0].sha256 = sha256_of("numpy");
    solutions_[0].packages[0].origin = "bioconda";
    EXPECT_EQ(made().error().message, "numpy comes from `bioconda`, which is no source");
    solutions_.erase(solutions_.begin());
    EXPECT_EQ(made().error().message, "target `gpu` has no solution");
    sources_.push_back(sources_[0]);
    sources_.back().source.url = "https://other.example/conda-forge";
    EXPECT_EQ(made().error().code, ErrorCode::usage);
}

/// One change to the request, and what is said of the lock that was made before it.
struct Case {
    const char* name;
    void (*change)(Request&);
    const char* reason;
    friend void PrintTo(const Case& c, std::ostream* out) { *out << c.name; }
};

class Freshness : public MakeLock, public ::testing::WithParamInterface<Case> {};

TEST_P(Freshness, SaysWhatChanged) {
    const Lock lock = *made();
    EXPECT_TRUE(stale_reasons(lock, request_).empty());
    GetParam().change(request_);
    const std::vector<std::string> reasons = stale_reasons(lock, request_);
    ASSERT_FALSE(reasons.empty());
    EXPECT_EQ(reasons.front(), GetParam().reason);
    EXPECT_NE(request_digest(request_), lock.inputs);
}

INSTANTIATE_TEST_SUITE_P(
    Table,
    Freshness,
    ::testing::Values(
        Case{"new_root",
             [](Request& r) {
                 r.targets[0].conda.push_back({MatchSpec{}, "scipy >=1", {}});
             },
             "conda requirement `scipy >=1` is new"},
        Case{"gone_root", [](Request& r) { r.targets[0].pypi.clear(); },
             "PyPI requirement `thinc ==8.2.5` is gone"},
        Case{"changed_root", [](Request& r) { r.targets[0].pypi[0].written = "thinc ==8.2.6"; },
             "PyPI requirement `thinc ==8.2.6` is new"},
        Case{"root_of_fewer_targets", [](Request& r) { r.targets[1].conda.pop_back(); },
             "conda requirement `numpy` is asked by other targets than before"},
        Case{"other_index", [](Request& r) { r.targets[0].pypi[0].index = "https://index.example/gpu"; },
             "PyPI requirement `thinc ==8.2.5` is asked from another index than before"},
        Case{"new_constraint",
             [](Request& r) {
                 r.targets[0].conda_constraints.push_back({MatchSpec{}, "openssl <4", {}});
             },
             "conda constraint `openssl <4` is new"},
        Case{"newer_driver", [](Request& r) { r.targets[0].target.cuda = "12.4"; },
             "target `gpu`: __cuda=12.2 became __cuda=12.4"},
        Case{"no_driver", [](Request& r) { r.targets[0].target.cuda.reset(); },
             "target `gpu`: __cuda=12.2 is gone"},
        Case{"gpus", [](Request& r) { r.targets[0].target.cuda_arch = {"9.0"}; },
             "target `gpu`: __cuda_arch=9.0 is new"},
        Case{"new_target", [](Request& r) { r.targets.push_back({}); }, "target `default` is new"},
        Case{"gone_target", [](Request& r) { r.targets.pop_back(); },
             "conda requirement `python 3.12.*` is asked by other targets than before"},
        Case{"priority", [](Request& r) { r.options.channel_priority = ChannelPriority::flexible; },
             "channel-priority was strict, is flexible"},
        Case{"prerelease", [](Request& r) { r.options.prerelease = PrereleaseMode::allow; },
             "prerelease was if-necessary, is allow"},
        Case{"resolution", [](Request& r) { r.options.resolution = ResolutionMode::lowest; },
             "resolution was highest, is lowest"},
        Case{"cutoff", [](Request& r) { r.options.exclude_newer_ms = 0; },
             "exclude-newer was not set, is 1970-01-01T00:00:00Z"},
        Case{"channels", [](Request& r) { r.channels.push_back("bioconda"); },
             "channels, indexes, what may be built from source or the order of requirements changed"},
        Case{"order", [](Request& r) { std::ranges::reverse(r.targets[0].conda); },
             "channels, indexes, what may be built from source or the order of requirements changed"}),
    [](const auto& test) { return std::string(test.param.name); });

TEST_F(MakeLock, TheNameMapAndTheImagesBaseAreInputsToo) {
    const Lock lock = *made();
    EXPECT_TRUE(stale_reasons(lock, request_, {std::nullopt, sha256_of("map")}).empty());
    EXPECT_EQ(stale_reasons(lock, request_, {std::nullopt, sha256_of("other")}),
              std::vector<std::string>{"the name map changed"});
    EXPECT_EQ(stale_reasons(lock, request_, {"debian:12", std::nullopt}),
              std::vector<std::string>{"the image's base was ``, is `debian:12`"});
}

}  // namespace
}  // namespace aimlock::testing
