// Small worlds in which an answer or a refusal is easily wrong. Random worlds found them (tests/property).
#include <gmock/gmock.h>

#include "tests/unit/engine/toy_solve.hpp"

namespace aimlock::testing {
namespace {

using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::Not;

constexpr std::int64_t day = 86'400'000;
constexpr const char* manylinux_313t = "cp313-cp313t-manylinux_2_17_x86_64";

class SmallWorld : public ToySolve {
protected:
    const ToyRecord python312{"python", "3.12.4", {}, {}, "h0_cpython", 0};
    const ToyRecord python314{"python", "3.14.5", {}, {}, "h0_cp314", 0};
    const ToyRecord only_new_d{"e", "1.0", {}, {"d >=2"}};

    std::vector<std::string> lines(const std::vector<std::string>& conda,
                                   const std::vector<std::string>& pypi) {
        return lines(toy_request(conda, pypi));
    }
    std::vector<std::string> lines(const TargetRequest& request) {
        const Outcome found = outcome(request);
        if (const auto* solution = std::get_if<Solution>(&found)) return package_lines(*solution);
        return {"no solution"};
    }
    Conflict refusal(const std::vector<std::string>& conda, const std::vector<std::string>& pypi) {
        const Outcome found = outcome(toy_request(conda, pypi));
        if (const auto* conflict = std::get_if<Conflict>(&found)) return *conflict;
        ADD_FAILURE() << "there is a solution";
        return {};
    }
    static std::vector<std::string> changes(const Conflict& conflict) {
        std::vector<std::string> found;
        for (const Repair& repair : conflict.repairs) found.push_back(repair.change);
        return found;
    }
    void map(const char* json) { names = *NameMap::parse(json, "map"); }
};

TEST_F(SmallWorld, ARecordThatAsksForItselfIsAskedForByNobody) {
    world.records = {python312, {"a", "2.0", {"a"}}, {"d", "1.0", {"a"}}, {"d", "2.0"}, only_new_d};
    EXPECT_THAT(lines({"d", "e"}, {"a"}), ElementsAre("no solution"));
}

TEST_F(SmallWorld, RecordsThatAskForEachOtherAreAskedForByNobody) {
    world.records = {python312,           {"a", "2.0", {"b"}}, {"b", "1.0", {"a"}},
                     {"d", "1.0", {"b"}}, {"d", "2.0"},        only_new_d};
    EXPECT_THAT(lines({"d", "e"}, {"a"}), ElementsAre("no solution"));
    EXPECT_THAT(lines({"d <2"}, {"a"}), Contains("a 2.0 (conda)"));
}

TEST_F(SmallWorld, NobodyIsInstalledOnlyToAskForARecordThatAWheelWants) {
    map(R"({"python": [], "a": ["a"], "b": [], "d": [], "e": []})");
    world.records = {python312,           {"a", "2.0"}, {"b", "1.0", {"a"}},
                     {"d", "1.0", {"b"}}, {"d", "2.0"}, only_new_d};
    EXPECT_THAT(lines({"d"}, {"a"}),
                ElementsAre("a 2.0 (conda)", "b 1.0 (conda)", "d 1.0 (conda)", "python 3.12.4 (conda)"));
    EXPECT_THAT(lines({"d", "e"}, {"a"}), ElementsAre("no solution"));
}

TEST_F(SmallWorld, AnExtraOfACondaVersionThatTheIndexLacksDoesNotServeAnotherVersion) {
    map(R"({"c": ["dist"], "python": []})");
    world.records = {python312, {"c", "1.0"}, {"c", "2.0"}};
    world.releases = {{"dist", "2.0", {"nowhere ; extra == 'x'"}, {"x"}}};
    EXPECT_THAT(lines({"c"}, {"dist[x]"}), ElementsAre("c 1.0 (conda)", "python 3.12.4 (conda)"));
    EXPECT_THAT(lines({"c ==2.0"}, {"dist[x]"}), ElementsAre("no solution"));
}

TEST_F(SmallWorld, AYankedReleaseNeedsSomebodyInstalledWhoNamesIt) {
    world.records = {python312};
    world.releases = {{"q", "2.0", {"r ==1.0"}}, {"q", "1.0"}, {"p", "1.0", {"r", "q <2"}}, {"r", "1.0"}};
    world.releases.back().yanked = true;
    EXPECT_THAT(lines({}, {"p"}), ElementsAre("no solution"));
    world.releases[2].requires_dist = {"r", "q"};
    EXPECT_THAT(lines({}, {"p"}), Contains("r 1.0 (PyPI)"));
}

TEST_F(SmallWorld, NobodyIsInstalledOnlyToNameAYankedRelease) {
    world.records = {python312};
    world.releases = {
        {"p", "2.0"}, {"p", "5.0", {"r ==3.0"}}, {"q", "3.0", {"r"}}, {"r", "1.0", {"p"}}, {"r", "3.0"}};
    world.releases.back().yanked = true;
    EXPECT_THAT(lines({}, {"q"}), Contains("r 1.0 (PyPI)"));
}

TEST_F(SmallWorld, WhatIsReadLateMayNameAYankedRelease) {
    world.records = {python312};
    world.releases = {{"p", "1.0", {"r", "s"}}, {"s", "1.0", {"t"}}, {"t", "1.0", {"r ==1.0"}}, {"r", "1.0"}};
    world.releases.back().yanked = true;
    EXPECT_THAT(lines({}, {"p"}), Contains("r 1.0 (PyPI)"));
}

TEST_F(SmallWorld, ADistributionThatARecordOfAnotherNameCarriesIsNotMissing) {
    map(R"({"python": [], "b": ["a"]})");
    world.records = {python312, {"b", "2.0"}};
    world.records[0].depends = {"b"};
    world.releases = {{"g-cu12", "1.0"}};
    EXPECT_THAT(refusal({}, {"a", "g-cu12"}).requirements, ElementsAre("pypi: g-cu12"));
}

TEST_F(SmallWorld, ARefusalNamesThePythonThatIsAskedFor) {
    world.records = {python312, python314};
    world.releases = {{"p", "2.0", {}, {}, "<3.14"}};
    const Conflict conflict = refusal({"python 3.14.*"}, {"p"});
    EXPECT_THAT(conflict.requirements, ElementsAre("conda: python 3.14.*", "pypi: p"));
    EXPECT_THAT(changes(conflict), Contains("conda: python 3.14.* -> python 3.12.*"));
}

TEST_F(SmallWorld, APythonThatNoChannelHasIsTheWholeReason) {
    world.records = {python314};
    world.releases = {{"p", "2.0", {}, {}, ">=3.14"}};
    const TargetRequest request = toy_request({"python 3.12.*"}, {"p"});
    world.on_pages = wheel_filter({request}, world.channels());
    const Conflict conflict = refusal({"python 3.12.*"}, {"p"});
    EXPECT_THAT(conflict.requirements, ElementsAre("conda: python 3.12.*"));
    EXPECT_THAT(conflict.chain, ElementsAre("no record of python meets `python 3.12.*`"));
}

TEST_F(SmallWorld, AnotherPythonMayTakeAPrerelease) {
    world.records = {python314};
    world.releases = {{"a", "1.0rc1"}, {"a", "2.0", {"nowhere"}}};
    world.on_pages = wheel_filter({toy_request({"python <3.14"}, {"a"})}, world.channels());
    EXPECT_THAT(refusal({"python <3.14"}, {"a"}).requirements, ElementsAre("conda: python <3.14"));
}

TEST_F(SmallWorld, AnotherPythonMayHaveAReleaseThatNoReasonNames) {
    world.records = {{"python", "3.13.1", {}, {}, "h0_cp313"}, {"python", "3.14.5", {}, {}, "h0_cp314t"}};
    world.releases = {{"p", "3.0+cu130"}, {"p", "4.0"}};
    world.releases[1].tags = {"cp314-cp314t-manylinux_2_17_x86_64"};
    world.on_pages = wheel_filter({toy_request({"python 3.13.*"}, {"p"})}, world.channels());
    EXPECT_THAT(refusal({"python 3.13.*"}, {"p"}).requirements,
                ElementsAre("conda: python 3.13.*", "pypi: p"));
}

TEST_F(SmallWorld, ARequestWhosePythonCannotBeHadNamesARequirement) {
    world.records = {python314};
    world.records[0].depends = {"nowhere"};
    world.releases = {{"p", "1.0"}};
    EXPECT_THAT(refusal({}, {"p"}).requirements, ElementsAre("pypi: p"));
}

TEST_F(SmallWorld, APythonOfAChannelThatHasNoneIsMissing) {
    world.records = {python312};
    EXPECT_THAT(refusal({"other::python"}, {"p"}).requirements, Contains("conda: other::python"));
}

TEST_F(SmallWorld, ACoreIsMinimalWhereItsDocumentsWereNotRead) {
    world.records = {python312, python314, {"a", "1.0"}, {"c", "2.0", {"python 3.12.*"}}};
    world.releases = {{"a", "1.0", {"b"}}, {"b", "1.0", {}, {}, "<3.14"}, {"b", "2.0", {"nowhere"}}};
    world.releases[1].tags = {manylinux_313t};
    EXPECT_EQ(refusal({"a ==2.0", "c"}, {"a"}).requirements.size(), 1U);
}

TEST_F(SmallWorld, ACoreHasNoSolutionWithPrereleasesEither) {
    world.records = {python312};
    world.releases = {{"a", "2.0rc1", {"b >=3.0"}}, {"a", "3.0", {"nowhere"}}, {"b", "2.0"}, {"b", "4.0"}};
    EXPECT_THAT(refusal({}, {"a", "b <3.0"}).requirements, ElementsAre("pypi: a", "pypi: b <3.0"));
}

TEST_F(SmallWorld, AWheelIsNotInstalledUnderAPythonForWhichItIsNotAskedFor) {
    map(R"({"python": [], "b": ["a"]})");
    world.records = {python312, python314, {"b", "1.0"}, {"b", "3.0", {}, {}, "1", 1}};
    world.records[1].depends = {"b"};
    world.records.back().purls = {"pkg:pypi/d@4.0"};
    world.releases = {{"a", "2.0"}};
    EXPECT_THAT(lines({"python 3.14.*"}, {"a ; python_version < '3.14'"}),
                ElementsAre("b 3.0 (conda)", "python 3.14.5 (conda)"));
}

TEST_F(SmallWorld, AnExtraOfACondaVersionWhoseWheelFitsNoPythonAsksForNothing) {
    map(R"({"a": ["a"], "python": []})");
    world.records = {python312, {"a", "2.0"}};
    world.releases = {{"a", "2.0", {}, {}, ">=3.14"}};
    for (const bool page_states_python : {true, false}) {
        world.releases[0].page_states_python = page_states_python;
        EXPECT_THAT(lines({"a"}, {"a[x]"}), ElementsAre("a 2.0 (conda)", "python 3.12.4 (conda)"));
    }
}

TEST_F(SmallWorld, AnEditIsPrintedWithAllThatItLeavesAsItIs) {
    world.records = {python312, {"c", "1.0"}};
    world.releases = {{"p", "1.0", {}, {"x"}}};
    EXPECT_THAT(changes(refusal({}, {"p[x] >=2.0 ; python_version >= '3.12'"})),
                Contains("pypi: p[x] >=2.0 ; python_version >= '3.12' -> "
                         "p[x] >=1.0 ; python_version >= \"3.12\""));
    EXPECT_THAT(changes(refusal({"toy::c >=2.0"}, {})), Contains("conda: toy::c >=2.0 -> toy::c >=1.0"));
}

TEST_F(SmallWorld, ARenamedPackageKeepsItsChannel) {
    world.channel_names = {"toy"};
    world.records = {{"oyster", "1.0"}};
    EXPECT_THAT(changes(refusal({"toy::oy"}, {})), Not(Contains("conda: toy::oy -> toyster::oy")));
    world.records = {{"t1", "1.0"}};
    EXPECT_THAT(changes(refusal({"toy::t"}, {})), Contains("conda: toy::t -> toy::t1"));
}

TEST_F(SmallWorld, ANarrowWindowReachesAYankedReleaseThatIsNamed) {
    world.records = {python312};
    options.window = 1;
    world.releases = {{"p", "1.0", {"q <3", "r"}},
                      {"q", "3.0"},
                      {"q", "2.0", {"nowhere"}},
                      {"q", "1.0"},
                      {"r", "1.0", {"q ==1.0"}}};
    world.releases[3].yanked = true;
    EXPECT_THAT(lines({}, {"p"}), Contains("q 1.0 (PyPI)"));
}

TEST_F(SmallWorld, ACoreIsMinimalWhereOneRequirementHelpsAnother) {
    map(R"({"a": ["a"], "b": [], "python": []})");
    world.records = {python312, python314, {"a", "1.0"}, {"a", "4.0", {"python <3.14"}}, {"b", "1.0", {"a"}}};
    world.releases = {{"a", "4.0", {"nowhere"}}};
    EXPECT_THAT(refusal({"python >=3.13", "b"}, {"a ==4.*"}).requirements, ElementsAre("pypi: a ==4.*"));
}

TEST_F(SmallWorld, AVersionIsAsOldAsItsFirstUploadInEitherWorld) {
    map(R"({"a": ["a"], "b": [], "python": []})");
    world.records = {python312, {"python", "3.13.1", {}, {}, "h0_cp313", 0}};
    world.records[0].depends = {"b"};
    world.records.push_back({"b", "1.0", {"a"}});
    world.records.push_back({"a", "4.0", {}, {}, "0", 0, "toy", 900});
    world.releases = {{"a", "4.0"}};
    world.releases[0].uploaded_ms = 100;
    EXPECT_THAT(lines({}, {"a"}), ElementsAre("a 4.0 (PyPI)", "python 3.13.1 (conda)"));
}

TEST_F(SmallWorld, AConstraintTellsRecordsApartThatNothingElseDoes) {
    world.records = {{"c", "1.0"}, {"c", "2.0"}};
    TargetRequest request = toy_request({"c"}, {});
    request.conda_constraints = toy_request({"c 1.*"}, {}).conda;
    EXPECT_THAT(lines(request), ElementsAre("c 1.0 (conda)"));
}

TEST_F(SmallWorld, RecordsThatCarryDifferentDistributionsAreToldApart) {
    world.records = {python312, {"a", "1.0"}, {"a", "1.0", {}, {}, "1", 1}};
    world.records.back().purls = {"pkg:pypi/p@4.0"};
    TargetRequest request = toy_request({"a"}, {"p"});
    EXPECT_THAT(lines(request), Contains("a 1.0 (conda)"));
    request.pypi_constraints = toy_request({}, {"p ==3.0"}).pypi;
    request.pypi.clear();
    EXPECT_THAT(lines(request), ElementsAre("a 1.0 (conda)"));
}

TEST_F(SmallWorld, ABuildThatTracksFeaturesIsWorseThanAnotherOfItsVersion) {
    world.records = {{"a", "1.0"}, {"a", "1.0", {"d >=2.0"}, {}, "1", 1}, {"d", "1.0"}, {"d", "2.0"}};
    world.records[0].track_features = "slow";
    options.resolution = ResolutionMode::lowest_direct;
    EXPECT_THAT(lines({"a", "d"}, {}), ElementsAre("a 1.0 (conda)", "d 2.0 (conda)"));
    world.records[0].track_features = {};
    EXPECT_THAT(lines({"a", "d"}, {}), ElementsAre("a 1.0 (conda)", "d 1.0 (conda)"));
}

TEST_F(SmallWorld, AnExtraIsThereAtEachVersionThatCondaCarries) {
    map(R"({"a": ["dist"], "c": ["dist"], "python": []})");
    world.records = {python312, {"a", "1.0"}, {"c", "2.0"}};
    world.releases = {{"p", "4.0", {"dist[y] >=2.0"}}};
    const std::vector<std::string> both{"a 1.0 (conda)", "c 2.0 (conda)", "p 4.0 (PyPI)",
                                        "python 3.12.4 (conda)"};
    EXPECT_EQ(lines({"a", "c"}, {"dist[y] ==1.0", "p"}), both);
    world.releases.push_back({"dist", "1.0", {"nowhere ; extra == 'x'"}, {"x", "y"}});
    EXPECT_EQ(lines({"a", "c"}, {"dist[y] ==1.0", "p"}), both);
    EXPECT_THAT(lines({"a", "c"}, {"dist[x] ==1.0", "p"}), ElementsAre("no solution"));
}

TEST_F(SmallWorld, EachPythonHasTheDocumentOfItsOwnWheel) {
    map(R"({"b": ["b-dist"], "python": []})");
    world.records = {{"python", "3.12.1", {"b"}, {}, "h0_cpython"},
                     {"python", "3.13.1", {}, {}, "h0_cp313t"},
                     {"b", "1.0"}};
    world.releases = {{"q", "4.0"}};
    world.releases[0].tags = {"cp312-cp312-manylinux_2_17_x86_64", manylinux_313t};
    world.releases[0].more_of_others = {"b-dist"};
    EXPECT_THAT(lines({}, {"q"}), ElementsAre("b 1.0 (conda)", "python 3.12.1 (conda)", "q 4.0 (PyPI)"));
    world.releases.push_back({"b-dist", "2.0"});
    const Outcome found = outcome(toy_request({"python 3.13.*"}, {"q"}));
    const Solution& solution = std::get<Solution>(found);
    EXPECT_THAT(package_lines(solution), Contains("b-dist 2.0 (PyPI)"));
    EXPECT_THAT(solution.packages.back().depends, ElementsAre("b-dist"));
}

TEST_F(SmallWorld, ACoreNamesNoPythonWhereNoOtherBuildHelps) {
    world.records = {{"python", "3.13.1", {"cuda-version"}, {}, "h0_cp313"},
                     {"python", "3.13.1", {}, {}, "h0_cp313t"},
                     {"cuda-version", "12.0", {}, {"__cuda >=12.0"}}};
    world.releases = {{"p", "1.0"}};
    world.releases[0].tags = {"cp313-abi3-manylinux_2_17_x86_64"};
    TargetRequest request = toy_request({"python >=3.13 *_cp313"}, {"p"});
    request.target.cuda = "11.0";
    const Outcome found = outcome(request);
    EXPECT_THAT(std::get<Conflict>(found).requirements, ElementsAre("pypi: p"));
}

// d is not there in the answer that keeps all; where it comes, it comes as it was.
TEST_F(SmallWorld, WhatIsLockedAndComesBackComesAsItWas) {
    world.records = {{"python", "3.12.1", {}, {}, "h0_cpython"},
                     {"python", "3.13.1", {"b <=2.0"}, {}, "h0_cp313"},
                     {"b", "1.0"},
                     {"b", "3.0", {"d"}},
                     {"d", "1.0"},
                     {"d", "3.0", {}, {"__cuda"}}};
    for (ToyRecord& record : world.records) record.timestamp_ms = day;
    world.records[3].timestamp_ms = 7 * day;
    TargetRequest request = toy_request({"python", "b"}, {});
    request.preferred.push_back({PackageKind::conda, "d", "1.0", "0"});
    EXPECT_THAT(lines(request), ElementsAre("b 3.0 (conda)", "d 1.0 (conda)", "python 3.12.1 (conda)"));
}

// b 3.0 does without a, which is as good as a 2.0 staying, and lets Python be older than a 2.0 does; the
// oldest Python would move a.
TEST_F(SmallWorld, WhatIsLockedMayGoBeforeItMoves) {
    map(R"({"a": [], "b": ["b-dist"], "c": [], "python": []})");
    world.records = {{"python", "3.12.1", {}, {}, "h0_cpython"},
                     {"python", "3.13.1", {}, {}, "h0_cp313"},
                     {"python", "3.14.5", {}, {}, "h0_cp314"},
                     {"a", "1.0"},
                     {"a", "2.0", {"python >=3.14"}},
                     {"b", "1.0", {"a"}},
                     {"b", "3.0", {"python 3.13.*"}},
                     {"c", "1.0", {"b"}}};
    options.resolution = ResolutionMode::lowest_direct;
    TargetRequest request = toy_request({"c"}, {"b-dist"});
    request.preferred.push_back({PackageKind::conda, "a", "2.0", "0"});
    EXPECT_THAT(lines(request), ElementsAre("b 3.0 (conda)", "c 1.0 (conda)", "python 3.13.1 (conda)"));
}

TEST_F(SmallWorld, ALockedReleaseThatIsGoneFromTheIndexHoldsNothing) {
    map(R"({"b": ["a"], "python": []})");
    world.records = {
        {"python", "3.12.1", {"b"}, {}, "h0_cpython"}, {"b", "2.0", {}, {}, "1", 1}, {"b", "3.0"}};
    world.records[1].purls = {"pkg:pypi/other@1.0"};
    TargetRequest request = toy_request({"python"}, {});
    request.preferred.push_back({PackageKind::pypi, "a", "1.0", ""});
    EXPECT_THAT(lines(request), ElementsAre("b 3.0 (conda)", "python 3.12.1 (conda)"));
    // Where it exists, a record that carries the distribution would move it.
    world.releases = {{"a", "1.0"}, {"x", "1.0"}};
    request.pypi = toy_request({}, {"x"}).pypi;
    EXPECT_THAT(lines(request), ElementsAre("b 2.0 (conda)", "python 3.12.1 (conda)", "x 1.0 (PyPI)"));
}

TEST_F(SmallWorld, AnotherPythonIsNoRepairWhereAnExtraIsMissing) {
    map(R"({"a": ["a"], "b": [], "c": [], "python": []})");
    world.records = {{"python", "3.14.5", {}, {}, "h0_cp314t"}, {"a", "2.0"}};
    world.releases = {{"a", "2.0", {"b-dist ; extra == 'y'"}, {"y"}}};
    const TargetRequest request = toy_request({"python <3.12", "a"}, {"a[y]"});
    world.on_pages = wheel_filter({request}, world.channels());
    const Outcome found = outcome(request);
    EXPECT_THAT(std::get<Conflict>(found).repairs, IsEmpty());
}

}  // namespace
}  // namespace aimlock::testing
