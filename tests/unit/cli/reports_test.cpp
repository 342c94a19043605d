#include "cli/render/reports.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "cli/render/doctor_report.hpp"
#include "tests/support/golden.hpp"

namespace aimlock::cli {
namespace {

using ::testing::HasSubstr;

Conflict numpy_conflict() {
    Conflict conflict;
    conflict.target.name = "gpu";
    conflict.target.cuda = "12.2";
    conflict.requirements = {"conda: numpy >=2", "pypi: thinc ==8.2.5"};
    conflict.positions = {{"aimlock.toml", 11, 9}, {"aimlock.toml", 15, 9}};
    conflict.chain = {"thinc 8.2.5 (PyPI) needs numpy >=1.19.0,<2.0.0",
                      "numpy must come from conda: [dependencies] names it",
                      "so numpy would have to be both >=2 and <2"};
    conflict.repairs = {{"thinc ==8.2.5 -> thinc ==9.1.1", {"aimlock.toml", 15, 9}, true},
                        {"numpy >=2 -> numpy >=1.26.4,<2", {"aimlock.toml", 11, 9}, true}};
    return conflict;
}

TEST(UnsatisfiableReport, EndsAtLinesOfTheManifestAndEditsThatWereTried) {
    aimlock::testing::expect_golden("cli/unsatisfiable.txt",
                                    unsatisfiable_report(numpy_conflict(), Painter(false), 80));
}

TEST(DoctorReport, ShowsTheHelpOfTheWorstAndNoBytesOfOthers) {
    const std::vector<GpuCheck> checks{{"host", CheckLevel::ok, {}, "WSL2 6.6.87, Ubuntu 22.04", {}},
                                       {"loader", CheckLevel::warn, "wsl-not-searched",
                                        "the loader does not look into /usr/lib/wsl/lib", "run ldconfig"},
                                       {"gpu 0",
                                        CheckLevel::ok,
                                        {},
                                        "RTX\x1b[2J 4090, sm_89, 24.0 GiB: ran a kernel, all results right",
                                        {}},
                                       {"driver", CheckLevel::error, "wsl-linux-driver",
                                        "/usr/lib/x86_64-linux-gnu/libcuda.so.1 comes before "
                                        "/usr/lib/wsl/lib and is a Linux driver (535.183.01)",
                                        "remove the Linux driver from this WSL"},
                                       {"lock", CheckLevel::note, "gpu-not-in-target",
                                        "gpu 0 is 8.9, target old is solved for 7.0", "add it"}};
    aimlock::testing::expect_golden("cli/doctor.txt", doctor_report(checks, Painter(false), 80));
    EXPECT_EQ(doctor_status(checks), "faults");
    EXPECT_EQ(doctor_status(std::span(checks).first(3)), "ready");
    GpuHost host;
    host.wsl = true;
    host.kernel = "6.6.87";
    host.nodes = {{"/dev/dxg", {}, false}};
    host.libraries = {{"/usr/lib/wsl/lib/libcuda.so.1", {}, true}};
    DriverAnswer driver;
    driver.library = "/usr/lib/wsl/lib/libcuda.so.1";
    driver.cuda = 12060;
    driver.release = "560.94";
    driver.gpus = {{"RTX 4090", 8, 9, 25757220864, true, {}}};
    aimlock::testing::expect_golden("cli/doctor.json", doctor_document(host, driver, checks));
}

TEST(ApartLine, NamesThePackageItsVersionsAndTheReason) {
    Apart apart{PackageKind::conda, "numpy", {{"gpu", "2.5.2"}, {"arm", "2.4.6"}}, "no channel has it"};
    EXPECT_EQ(apart_line(apart), "numpy (conda) is 2.5.2 for gpu, 2.4.6 for arm: no channel has it");
    apart.reason.clear();
    EXPECT_EQ(apart_line(apart), "numpy (conda) is 2.5.2 for gpu, 2.4.6 for arm");
}

TEST(UnsatisfiableReport, OfTheCommandLineNamesNoFile) {
    Conflict conflict = numpy_conflict();
    conflict.target.name = "default";
    conflict.target.cuda.reset();
    for (SourcePos& pos : conflict.positions) pos = {{}, 0, 0};
    for (Repair& repair : conflict.repairs) repair.pos = {{}, 0, 0};
    aimlock::testing::expect_golden("cli/unsatisfiable_command_line.txt",
                                    unsatisfiable_report(conflict, Painter(false), 80));
}

TEST(UnsatisfiableReport, NeverSaysTriedOfAnEditThatWasNot) {
    Conflict conflict = numpy_conflict();
    for (Repair& repair : conflict.repairs) repair.verified = false;
    const std::string text = unsatisfiable_report(conflict, Painter(false), 80);
    EXPECT_THAT(text, HasSubstr("none was tried"));
    EXPECT_THAT(text, ::testing::Not(HasSubstr("solves it")));
}

TEST(UnsatisfiableReport, EscapesWhatPackagesSay) {
    Conflict conflict = numpy_conflict();
    conflict.chain = {"evil\x1b[2J 1.0 needs numpy"};
    EXPECT_EQ(unsatisfiable_report(conflict, Painter(false), 80).find('\x1b'), std::string::npos);
}

Lock lock_with(std::vector<std::tuple<PackageKind, const char*, const char*>> packages) {
    Lock lock;
    for (const auto& [kind, name, version] : packages) {
        LockPackage locked;
        locked.package.kind = kind;
        locked.package.name = name;
        locked.package.version = version;
        lock.packages.push_back(locked);
    }
    return lock;
}

TEST(Changes, AreUpDownNewAndGone) {
    constexpr auto pypi = PackageKind::pypi;
    const Lock before = lock_with({{PackageKind::conda, "openssl", "3.0.9"},
                                   {pypi, "fsspec", "2026.9.0"},
                                   {pypi, "old", "1"},
                                   {pypi, "same", "1"},
                                   {pypi, "transformers", "5.9.0"}});
    const Lock after = lock_with({{PackageKind::conda, "openssl", "3.0.10"},
                                  {pypi, "fsspec", "2026.7.0"},
                                  {pypi, "hf-xet", "1.3.0"},
                                  {pypi, "same", "1"},
                                  {pypi, "transformers", "5.10.1"}});
    aimlock::testing::expect_golden("cli/changes.txt", changes_report(before, after, 80, 20));
    EXPECT_EQ(changes_report(before, before, 80, 20), "");
}

TEST(Changes, AreCountedBeyondTheLimit) {
    const Lock after = lock_with(
        {{PackageKind::pypi, "a", "1"}, {PackageKind::pypi, "b", "1"}, {PackageKind::pypi, "c", "1"}});
    EXPECT_EQ(changes_report(Lock{}, after, 80, 1), "  new  a  1  PyPI\n  and 2 more\n");
}

TEST(Changes, SayRebuiltForAnotherBuildOfTheSameVersion) {
    Lock before = lock_with({{PackageKind::conda, "numpy", "1.26"}});
    Lock after = before;
    after.packages[0].package.build = "py312_1";
    EXPECT_THAT(changes_report(before, after, 80, 20), HasSubstr("rebuilt"));
}

TEST(AuditReport, ListsFindingsAndCountsThem) {
    const std::vector<DriftFinding> findings{{"edited",
                                              FindingLevel::error,
                                              "conda pytorch 2.9.1",
                                              "lib/python3.12/site-packages/torch/__init__.py",
                                              {},
                                              "sha256 is not the package's; changed after the install",
                                              "aimlock install --prefix /opt/env --repair"},
                                             {"missing",
                                              FindingLevel::error,
                                              "conda cuda-nvrtc 12.9.86",
                                              {},
                                              {},
                                              "3 of 41 files are gone (libnvrtc.so)",
                                              ""},
                                             {"extra",
                                              FindingLevel::warn,
                                              "pypi black 25.9.0",
                                              {},
                                              {},
                                              "not in the lock; INSTALLER says pip",
                                              ""}};
    aimlock::testing::expect_golden("cli/audit.txt", audit_report(findings, 728, Painter(false), 80));
    EXPECT_EQ(audit_report({}, 728, Painter(false), 80), "No drift in 728 packages\n");
}

}  // namespace
}  // namespace aimlock::cli
