#include "cli/wiring/solve_flags.hpp"

#include <ostream>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace aimlock::cli {
namespace {

using ::testing::HasSubstr;
using ::testing::IsEmpty;

const HostFacts host{"linux-64", "x86_64_v3", "2.36", "12.4", false};

Checked<Request> read(const SolveFlags& flags, const HostFacts& facts = host) {
    std::vector<std::string> notes;
    return request_from_flags(flags, facts, notes);
}

std::string first_error(const SolveFlags& flags) {
    const auto request = read(flags);
    return request ? std::string("(no error)") : request.error().front().message;
}

SolveFlags numpy() {
    SolveFlags flags;
    flags.conda = {"numpy>=2"};
    return flags;
}

TEST(RequestFromFlags, ReadsChannelsOnlyForCondaRequirements) {
    EXPECT_EQ(read(numpy())->channels, std::vector<std::string>{"conda-forge"});
    SolveFlags given = numpy();
    given.channels = {"./chan", "conda-forge"};
    EXPECT_EQ(read(given)->channels, given.channels);
    SolveFlags pypi;
    pypi.pypi = {"thinc==8.2.5"};
    pypi.channels = {"conda-forge"};
    EXPECT_THAT(read(pypi)->channels, IsEmpty());
}

TEST(RequestFromFlags, RefusesAGpuThatTheDriverDoesNotKnow) {
    SolveFlags flags = numpy();
    flags.platform = "linux-64";
    flags.glibc = "2.35";
    flags.cuda = "12.4";
    flags.cuda_arch = {"8.6", "12.0"};
    EXPECT_EQ(first_error(flags),
              "a GPU of architecture 12.0 needs a driver of CUDA 12.8 or newer, the target has 12.4");
    flags.cuda = "12.8";
    EXPECT_EQ(first_error(flags), "(no error)");
    flags.cuda = "13.1";
    flags.cuda_arch = {"7.0"};
    EXPECT_EQ(first_error(flags),
              "a GPU of architecture 7.0 needs a driver of CUDA 13.0 or older, the target has 13.1");
}

TEST(RequestFromFlags, ShowsRequirementsAsMessagesAndLocksDo) {
    SolveFlags flags;
    flags.conda = {"numpy>=2", "python 3.12.*", "pytorch::pytorch=2", "blas[version='1.*']", "pip"};
    flags.pypi = {"Thinc_X==8.2.5", "transformers[torch] >= 4, <5"};
    const auto request = read(flags);
    ASSERT_TRUE(request);
    std::vector<std::string> written;
    for (const CondaRoot& root : request->targets[0].conda) written.push_back(root.written);
    for (const PypiRoot& root : request->targets[0].pypi) written.push_back(root.written);
    EXPECT_THAT(written, ::testing::ElementsAre("numpy >=2", "python 3.12.*", "pytorch::pytorch =2",
                                                "blas[version='1.*']", "pip", "thinc-x ==8.2.5",
                                                "transformers[torch] <5,>=4"));
}

TEST(RequestFromFlags, TakesWhatIsNotGivenFromTheHostAndSaysSo) {
    std::vector<std::string> notes;
    const auto request = request_from_flags(numpy(), host, notes);
    ASSERT_TRUE(request);
    EXPECT_EQ(request->targets[0].target.platform, "linux-64");
    EXPECT_EQ(request->targets[0].target.glibc, "2.36");
    EXPECT_EQ(request->targets[0].target.cuda, "12.4");
    EXPECT_THAT(notes, ::testing::ElementsAre("from this machine: platform linux-64, glibc 2.36, CUDA 12.4"));
}

TEST(RequestFromFlags, AssumesNothingWhenAllIsGiven) {
    SolveFlags flags = numpy();
    flags.platform = "linux-64";
    flags.glibc = "2.28";
    flags.cuda = "none";
    std::vector<std::string> notes;
    const auto request = request_from_flags(flags, host, notes);
    ASSERT_TRUE(request);
    EXPECT_EQ(request->targets[0].target.cuda, std::nullopt);
    EXPECT_THAT(notes, IsEmpty());
}

TEST(RequestFromFlags, DoesNotGiveThisMachinesFactsToAnotherPlatform) {
    SolveFlags flags = numpy();
    flags.platform = "linux-aarch64";
    const auto request = read(flags);
    ASSERT_TRUE(request);
    EXPECT_EQ(request->targets[0].target.glibc, "2.28");
    EXPECT_EQ(request->targets[0].target.cuda, std::nullopt);
}

TEST(RequestFromFlags, ReportsEveryFaultAtOnce) {
    SolveFlags flags = numpy();
    flags.glibc = "glibc-2";
    flags.cuda = "12";
    flags.prerelease = "maybe";
    flags.exclude_newer = "yesterday";
    const auto request = read(flags);
    ASSERT_FALSE(request);
    EXPECT_EQ(request.error().size(), 4U);
    for (const Error& error : request.error()) EXPECT_EQ(error.code, ErrorCode::usage);
}

struct Refused {
    const char* name;
    std::string SolveFlags::*flag;
    const char* value;
    const char* message;
    friend void PrintTo(const Refused& refused, std::ostream* out) { *out << refused.name; }
};

class RefusedFlags : public ::testing::TestWithParam<Refused> {};

TEST_P(RefusedFlags, AreNamedWithTheirValue) {
    SolveFlags flags = numpy();
    flags.*GetParam().flag = GetParam().value;
    EXPECT_THAT(first_error(flags), HasSubstr(GetParam().message));
}

INSTANTIATE_TEST_SUITE_P(
    Table,
    RefusedFlags,
    ::testing::Values(
        Refused{"platform", &SolveFlags::platform, "linux64", "`--platform linux64` is not a platform"},
        Refused{"python", &SolveFlags::python, "3", "`--python 3` is not a version"},
        Refused{"python_text", &SolveFlags::python, "3.x", "`--python 3.x` is not a version"},
        Refused{"cuda", &SolveFlags::cuda, "12.4.1", "`--cuda 12.4.1` is not a version"},
        Refused{"resolution", &SolveFlags::resolution, "low", "is not one of highest, lowest, lowest-direct"},
        Refused{"priority", &SolveFlags::channel_priority, "loose",
                "is not one of strict, flexible, disabled"},
        Refused{"date", &SolveFlags::exclude_newer, "2026-13-01", "--exclude-newer 2026-13-01"}),
    [](const auto& test) { return std::string(test.param.name); });

TEST(RequestFromFlags, RefusesAPythonOfTheBaseBesideOneOfConda) {
    SolveFlags flags = numpy();
    flags.python = "3.12";
    EXPECT_EQ(first_error(flags), "(no error)");
    flags.conda.emplace_back("python=3.12");
    EXPECT_THAT(first_error(flags), HasSubstr("`--conda python` installs one"));
}

TEST(RequestFromFlags, RefusesAGpuWithoutADriver) {
    SolveFlags flags = numpy();
    flags.cuda = "none";
    flags.cuda_arch = {"8.6"};
    EXPECT_THAT(first_error(flags), HasSubstr("has no GPU driver"));
}

TEST(RequestFromFlags, PointsIntoARequirementThatDoesNotParse) {
    SolveFlags flags;
    flags.pypi = {"thinc=>8"};
    EXPECT_THAT(first_error(flags), HasSubstr("`--pypi thinc=>8`"));
}

TEST(RequestFromFlags, ReadsABareDateAsMidnightUtc) {
    SolveFlags flags = numpy();
    flags.exclude_newer = "2026-11-20";
    EXPECT_EQ(read(flags)->options.exclude_newer_ms, 1'795'132'800'000);
}

Request two_targets() {
    Request request;
    request.targets.resize(2);
    request.targets[0].target.name = "gpu";
    request.targets[1].target.name = "cpu";
    request.options.prerelease = PrereleaseMode::allow;
    return request;
}

TEST(Overrides, ReplaceOnlyWhatIsGiven) {
    SolveFlags flags;
    flags.indexes = {"https://index.example/simple"};
    flags.resolution = "lowest";
    const auto request = with_overrides(two_targets(), flags);
    ASSERT_TRUE(request);
    EXPECT_EQ(request->indexes, flags.indexes);
    EXPECT_EQ(request->options.resolution, ResolutionMode::lowest);
    EXPECT_EQ(request->options.prerelease, PrereleaseMode::allow);
    EXPECT_EQ(request->targets.size(), 2U);
}

TEST(Overrides, ChooseTargetsByName) {
    SolveFlags flags;
    flags.targets = {"cpu"};
    EXPECT_EQ(with_overrides(two_targets(), flags)->targets[0].target.name, "cpu");
    flags.targets = {"tpu"};
    const auto request = with_overrides(two_targets(), flags);
    ASSERT_FALSE(request);
    EXPECT_THAT(request.error()[0].message, HasSubstr("no target `tpu`"));
    EXPECT_THAT(request.error()[0].hint, HasSubstr("gpu, cpu"));
}

TEST(Overrides, RefuseWhatOnlyARequestOfTheCommandLineHas) {
    SolveFlags flags;
    flags.cuda = "12.4";
    const auto request = with_overrides(two_targets(), flags);
    ASSERT_FALSE(request);
    EXPECT_THAT(request.error()[0].message, HasSubstr("`--cuda` belongs to a request without a manifest"));
}

}  // namespace
}  // namespace aimlock::cli
