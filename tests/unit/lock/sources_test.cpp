// What is no wheel of an index, in manifests and locks.
#include <gmock/gmock.h>

#include "lock/freshness.hpp"
#include "lock/make_lock.hpp"
#include "lock/manifest/source_project.hpp"
#include "tests/unit/lock/sample_lock.hpp"

namespace aimlock::testing {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

const std::string commit(40, 'b');

Package& thinc(Lock& lock) {
    return lock.packages[2].package;
}

/// A lock whose thinc is built from `url`.
Lock built(ArtifactKind kind, const std::string& url, const std::string& source) {
    Lock lock = sample_lock();
    thinc(lock).artifact = kind;
    thinc(lock).url = url;
    thinc(lock).build_requires = {"setuptools>=60"};
    thinc(lock).direct = true;
    thinc(lock).origin = source;
    lock.sources.push_back({PackageKind::pypi, source, source, {}});
    if (source.find("file:") == std::string::npos)
        lock.sources.back().hosts = {source.substr(source.find("://") + 3)};
    return lock;
}

TEST(LockOfSources, IsReadAsItWasWritten) {
    for (const auto& [kind, url, source] :
         {std::tuple(ArtifactKind::sdist, std::string("https://f.example/a/v1.tar.gz"), "https://f.example"),
          std::tuple(ArtifactKind::sdist, std::string("file:///w/thinc-8.2.5.zip"), "file:///w"),
          std::tuple(ArtifactKind::wheel, std::string("https://f.example/thinc-8.2.5-py3-none-any.whl"),
                     "https://f.example"),
          std::tuple(ArtifactKind::git, "git+https://g.example/t.git@" + commit, "git+https://g.example"),
          std::tuple(ArtifactKind::git, "git+ssh://git@g.example/t.git@" + commit, "git+ssh://g.example"),
          std::tuple(ArtifactKind::git, "git+file:///w/t@" + commit, "git+file:///w/t")}) {
        const Lock lock = built(kind, url, source);
        const Result<Lock> read = read_lock(write_lock(lock), "aimlock.lock");
        ASSERT_TRUE(read) << url << ": " << read.error().message;
        EXPECT_EQ(*read, lock);
    }
    EXPECT_THAT(write_lock(built(ArtifactKind::sdist, "https://f.example/a/v1.zip", "https://f.example")),
                HasSubstr("direct = true\nbuilt-from = \"sdist\"\nbuild-requires = [\"setuptools>=60\"]\n"));
}

TEST(LockOfSources, RefusesWhatIsNotWhatItSays) {
    const auto fault = [](ArtifactKind kind, const std::string& url, const std::string& source) {
        const auto read = read_lock(write_lock(built(kind, url, source)), "aimlock.lock");
        return read ? std::string("read") : read.error().message;
    };
    EXPECT_EQ(fault(ArtifactKind::wheel, "https://f.example/a.tar.gz", "https://f.example"), "not a wheel");
    EXPECT_EQ(fault(ArtifactKind::sdist, "https://f.example/a.whl", "https://f.example"),
              "not a source distribution");
    EXPECT_EQ(fault(ArtifactKind::git, "git+https://g.example/t.git@main", "git+https://g.example"),
              "not a commit of a git repository");
    EXPECT_EQ(fault(ArtifactKind::git, "git+ext://g.example/t@" + commit, "git+ext://g.example"),
              "address of a repository is neither https, ssh nor a file");
    EXPECT_EQ(fault(ArtifactKind::git, "git+https://me@g.example/t@" + commit, "git+https://g.example"),
              "address holds a user name or password");
    EXPECT_EQ(fault(ArtifactKind::git, "git+ssh://g:pw@g.example/t@" + commit, "git+ssh://g.example"),
              "address holds a user name or password");
    EXPECT_THAT(fault(ArtifactKind::git, "git+https://evil.example/t@" + commit, "git+https://g.example"),
                HasSubstr("host `evil.example` is not one"));
    EXPECT_EQ(fault(ArtifactKind::git, "git+file:///other@" + commit, "git+file:///w/t"),
              "repository is not its source `git+file:///w/t`");
    EXPECT_EQ(fault(ArtifactKind::git, "git+ssh://g.example/t@" + commit, "git+https://g.example"),
              "repository is reached otherwise than its source");
    Lock lock = built(ArtifactKind::sdist, "https://f.example/a.zip", "https://f.example");
    thinc(lock).subdirectory = "a/../../b";
    const auto read = read_lock(write_lock(lock), "aimlock.lock");
    ASSERT_FALSE(read);
    EXPECT_EQ(read.error().message, "not a path inside the sources");
}

TEST(LockOfSources, IsStaleWhenWhatMayBeBuiltChanges) {
    Request request;
    const Sha256 before = request_digest(request);
    request.options.sources.never = {"a"};
    EXPECT_EQ(request_digest(request), before);  // nothing is built either way
    request.options.sources.all = true;
    EXPECT_NE(request_digest(request), before);
}

TEST(LockOfSources, HoldsNoPasswordOfAnAddress) {
    Request request;
    TargetRequest target;
    target.target.name = "gpu";
    request.targets = {target};
    Solution solution;
    solution.target = target.target;
    Package package;
    package.kind = PackageKind::pypi;
    package.name = "thinc";
    package.version = "1.0";
    package.artifact = ArtifactKind::git;
    package.direct = true;
    package.url = "git+ssh://git@g.example/t.git@" + commit;
    package.origin = "git+ssh://g.example";
    package.sha256 = sha256_of("x");
    solution.packages = {package};
    const std::vector<Solution> solutions{solution};
    const auto lock = make_lock(
        {request, solutions, {{{PackageKind::pypi, package.origin, package.origin, {}}, {}}}, {}, {}});
    ASSERT_TRUE(lock) << lock.error().message;
    EXPECT_EQ(lock->packages[0].package.url, package.url);
    EXPECT_THAT(lock->sources[0].hosts, ElementsAre("g.example"));
    const auto read = read_lock(write_lock(*lock), "aimlock.lock");
    EXPECT_TRUE(read) << read.error().message;
}

TEST(SourceProjectReader, ReadsWhatATreeSaysOfItself) {
    const auto project = read_source_project(
        "[project]\nname = \"demo\"\nrequires-python = \">=3.9\"\ndependencies = [\"numpy<2\"]\n"
        "dynamic = [\"version\"]\nlicense = { text = \"MIT\" }\n"
        "[project.optional-dependencies]\nx = [\"a ; python_version < '3.10' or os_name == 'nt'\", \"b\"]\n"
        "[build-system]\nrequires = [\"hatchling\"]\nbuild-backend = \"own\"\nbackend-path = [\".\"]\n"
        "[tool.other]\nanything = 1\n",
        "f");
    ASSERT_TRUE(project) << project.error().message;
    EXPECT_TRUE(project->has_project);
    EXPECT_EQ(project->metadata.name, "demo");
    EXPECT_EQ(project->metadata.version, "");
    EXPECT_THAT(project->dynamic, ElementsAre("version"));
    EXPECT_THAT(project->metadata.requires_dist,
                ElementsAre("numpy<2", "a ; ( python_version < '3.10' or os_name == 'nt') and extra == \"x\"",
                            "b ; extra == \"x\""));
    EXPECT_THAT(project->metadata.provides_extra, ElementsAre("x"));
    EXPECT_THAT(project->build_requires, ElementsAre("hatchling"));
    EXPECT_EQ(project->build_backend, "own");
    EXPECT_THAT(project->backend_path, ElementsAre("."));
    for (const std::string& text : project->metadata.requires_dist)
        EXPECT_TRUE(Requirement::parse(text)) << text;
}

TEST(SourceProjectReader, ATreeThatSaysNothingIsSetuptools) {
    for (const char* text : {"", "[tool.black]\nline-length = 100\n"}) {
        const auto project = read_source_project(text, "f");
        ASSERT_TRUE(project);
        EXPECT_FALSE(project->has_project);
        EXPECT_THAT(project->build_requires, ElementsAre("setuptools>=40.8.0", "wheel"));
        EXPECT_EQ(project->build_backend, "setuptools.build_meta:__legacy__");
    }
    const auto no_backend = read_source_project("[build-system]\nrequires = []\n", "f");
    ASSERT_TRUE(no_backend);
    EXPECT_THAT(no_backend->build_requires, IsEmpty());
    EXPECT_EQ(no_backend->build_backend, "setuptools.build_meta:__legacy__");
    EXPECT_FALSE(read_source_project("[project\n", "f"));
    EXPECT_FALSE(read_source_project("[project]\nname = 1\n", "f"));
}

}  // namespace
}  // namespace aimlock::testing
