#include "cli/render/json_documents.hpp"

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "tests/support/golden.hpp"

namespace aimlock::cli {
namespace {

using Json = nlohmann::json;

Package numpy() {
    Package package;
    package.name = "numpy";
    package.version = "1.26.4";
    package.build = "py312heda63a1_0";
    package.url = "https://conda.example/conda-forge/linux-64/numpy-1.26.4-py312heda63a1_0.conda";
    package.sha256 = sha256_of("numpy");
    package.size_bytes = 7484186;
    package.origin = "conda-forge";
    package.depends = {"python >=3.12,<3.13.0a0", "libcblas >=3.9.0,<4.0a0"};
    package.provides = {"numpy==1.26.4"};
    return package;
}

Package thinc() {
    Package package;
    package.kind = PackageKind::pypi;
    package.name = "thinc";
    package.version = "8.2.5";
    package.url = "https://files.example/thinc-8.2.5-cp312-cp312-manylinux_2_17_x86_64.whl";
    package.sha256 = sha256_of("thinc");
    package.size_bytes = 865812;
    package.origin = "https://index.example/simple";
    package.depends = {"numpy<2.0.0,>=1.19.0; python_version >= \"3.9\""};
    return package;
}

Solution solution() {
    Solution solved;
    solved.target.cuda = "12.4";
    solved.packages = {numpy(), thinc()};
    solved.stats.rounds = 3;
    solved.stats.fetched = {7, 5, 81234};
    solved.stats.trials = 4;
    solved.stats.solve_ms = 12.34567;
    return solved;
}

TEST(SolvedDocument, IsTheOneThatScriptsRead) {
    const std::vector solutions{solution()};
    const Json document = Json::parse(solved_document(solutions, {}, 812.5));
    EXPECT_EQ(document["schema"], 1);
    EXPECT_EQ(document["status"], "solved");
    const Json& target = document["targets"][0];
    EXPECT_EQ(target["name"], "default");
    EXPECT_EQ(target["platform"], "linux-64");
    EXPECT_EQ(target["packages"][0]["channel"], "conda-forge");
    EXPECT_FALSE(target["packages"][0].contains("index"));
    EXPECT_EQ(target["packages"][1]["index"], "https://index.example/simple");
    EXPECT_FALSE(target["packages"][1].contains("build"));
    EXPECT_EQ(target["packages"][1]["sha256"], sha256_of("thinc").hex());
    for (const char* key : {"rounds", "index_requests", "metadata_requests", "bytes", "solve_ms",
                            "objective_ms", "trials", "trial_rounds", "objective_complete", "wall_ms"}) {
        EXPECT_TRUE(document["stats"].contains(key)) << key;
    }
}

TEST(SolvedDocument, HasTheKeysOfItsSchemaInOrder) {
    const std::vector solutions{solution()};
    aimlock::testing::expect_golden("cli/solved.json", solved_document(solutions, {}, 812.5));
}

TEST(SolvedDocument, AddsTheStatisticsOfItsTargets) {
    const std::vector solutions{solution(), solution()};
    const Json document = Json::parse(solved_document(solutions, {}, 1));
    EXPECT_EQ(document["stats"]["rounds"], 6);
    EXPECT_EQ(document["stats"]["bytes"], 2 * 81234);
}

TEST(SolvedDocument, TellsWarningsOfATargetAndVersionsThatTargetsDoNotShare) {
    std::vector solutions{solution()};
    solutions.front().warnings = {"jax 0.12 (PyPI) is a build for the CPU on a target with GPUs"};
    const std::vector apart{Apart{PackageKind::conda,
                                  "numpy",
                                  {{"gpu", "2.5.2"}, {"arm", "2.4.6"}},
                                  "no channel has numpy 2.5.2 for linux-aarch64"}};
    const Json document = Json::parse(solved_document(solutions, apart, 1));
    EXPECT_EQ(document["targets"][0]["warnings"], Json(solutions.front().warnings));
    EXPECT_EQ(document["apart"][0]["name"], "numpy");
    EXPECT_EQ(document["apart"][0]["versions"]["arm"], "2.4.6");
    EXPECT_EQ(document["apart"][0]["reason"], apart.front().reason);
    EXPECT_FALSE(Json::parse(solved_document(solutions, {}, 1)).contains("apart"));
}

TEST(UnsatisfiableDocument, HasTheConflictAndItsRepairs) {
    Conflict conflict;
    conflict.requirements = {"conda: numpy >=2", "pypi: topfarm ==2.4.1"};
    conflict.chain = {"topfarm 2.4.1 (PyPI) needs numpy <2", "so numpy would have to be both >=2 and <2"};
    conflict.repairs = {{"numpy >=2 -> numpy >=1.26.4,<2", {{}, 0, 0}, true}};
    const std::vector conflicts{conflict};
    aimlock::testing::expect_golden("cli/unsatisfiable.json", unsatisfiable_document(conflicts));
}

TEST(ErrorDocument, NamesCodePlaceAndHintAndHidesSecrets) {
    const std::vector errors{Error{ErrorCode::offline_miss,
                                   "not in the cache: https://u:canary@index.example/simple/torch/",
                                   {"aimlock.toml", 3, 4},
                                   "solve once online"}};
    const Json document = Json::parse(error_document(errors));
    EXPECT_EQ(document["status"], "error");
    EXPECT_EQ(document["error"]["code"], error_code_name(ErrorCode::offline_miss));
    EXPECT_EQ(document["error"]["file"], "aimlock.toml");
    EXPECT_EQ(document["error"]["line"], 3);
    EXPECT_EQ(document["error"]["column"], 4);
    EXPECT_EQ(document["error"]["hint"], "solve once online");
    EXPECT_EQ(document["error"]["message"], "not in the cache: https://***@index.example/simple/torch/");
    EXPECT_FALSE(document.contains("errors"));
}

TEST(ErrorDocument, IsJsonWhateverBytesAMessageHolds) {
    const std::vector errors{Error{ErrorCode::io, "bad \xff name \x1b", {{}, 0, 0}, {}},
                             Error{ErrorCode::io, "other", {{}, 0, 0}, {}}};
    const Json document = Json::parse(error_document(errors));
    EXPECT_EQ(document["errors"].size(), 2U);
}

TEST(AuditDocument, CallsItDriftUnlessThereAreOnlyNotes) {
    EXPECT_EQ(Json::parse(audit_document({}))["status"], "clean");
    std::vector<DriftFinding> findings(1);
    findings[0].kind = "extra";
    findings[0].level = FindingLevel::note;
    EXPECT_EQ(Json::parse(audit_document(findings))["status"], "clean");
    findings[0].level = FindingLevel::warn;
    const Json document = Json::parse(audit_document(findings));
    EXPECT_EQ(document["status"], "drift");
    EXPECT_EQ(document["findings"][0]["level"], "warn");
    EXPECT_FALSE(document["findings"][0].contains("path"));
}

TEST(InstallDocument, SaysInstalledOrListsTheEditedFiles) {
    InstallReport report;
    report.packages = 728;
    report.from_store = 516;
    EXPECT_EQ(Json::parse(install_document(report, 31.25))["status"], "installed");
    EXPECT_EQ(Json::parse(install_document(report, 31.25))["seconds"], 31.25);
    report.edited = {"lib/a.py"};
    EXPECT_EQ(Json::parse(install_document(report, 1))["edited"][0], "lib/a.py");
}

TEST(LockedDocument, IsFreshWithoutChanges) {
    EXPECT_EQ(Json::parse(locked_document({}))["status"], "fresh");
    const std::vector<std::string> changes{"conda requirement `numpy >=2` is new"};
    EXPECT_EQ(Json::parse(locked_document(changes))["status"], "stale");
}

}  // namespace
}  // namespace aimlock::cli
