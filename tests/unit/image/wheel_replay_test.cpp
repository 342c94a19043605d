#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/unit/image/replay_fixture.hpp"

namespace aimlock::testing {
namespace {

using ::testing::HasSubstr;

class WheelReplay : public ReplayTest {};

TEST_F(WheelReplay, SpreadsAWheelOverThePrefix) {
    const std::string bytes = wheel_of(
        "my_pkg", "1.0",
        {{"my_pkg/__init__.py", "import os\n"},
         {"my_pkg/data.txt", "data"},
         {"my_pkg-1.0.data/scripts/tool", "#!python -u\nprint(1)\n"},
         {"my_pkg-1.0.data/scripts/shell", "#!/bin/sh\ntrue\n"},
         {"my_pkg-1.0.data/data/share/my/file", "shared"},
         {"my_pkg-1.0.data/headers/my.h", "#pragma once\n"},
         {"my_pkg-1.0.data/platlib/fast.so", "ELF"},
         {"my_pkg-1.0.data/purelib/slow.py", "pass\n"},
         {"my_pkg-1.0.dist-info/entry_points.txt",
          "[console_scripts]\nmy-tool = my_pkg.cli:main [extra]\n\n[gui_scripts]\nmy-gui=my_pkg:gui\n"
          "[other.group]\n../x = not.a:script\n"},
         {"my_pkg-1.0.dist-info/INSTALLER", "somebody"},
         {"my_pkg-1.0.dist-info/direct_url.json", "{}"}});
    add_wheel_bytes("my-pkg", "1.0", bytes);
    const auto report = run();
    ASSERT_TRUE(report) << report.error().message;
    EXPECT_EQ(text(site + "my_pkg/__init__.py"), "import os\n");
    EXPECT_EQ(text("bin/tool"), "#!" + prefix.string() + "/bin/python -u\nprint(1)\n");
    EXPECT_EQ(text("bin/shell"), "#!/bin/sh\ntrue\n");
    EXPECT_EQ(std::filesystem::status(prefix / "bin/shell").permissions(), std::filesystem::perms{0755});
    EXPECT_EQ(text("share/my/file"), "shared");
    EXPECT_EQ(text("include/python3.12/my_pkg/my.h"), "#pragma once\n");
    EXPECT_EQ(text(site + "fast.so"), "ELF");
    EXPECT_EQ(text(site + "slow.py"), "pass\n");
    EXPECT_THAT(text("bin/my-tool"), HasSubstr("from my_pkg.cli import main\n"));
    EXPECT_THAT(text("bin/my-gui"), HasSubstr("sys.exit(gui())"));
    const std::string info = site + "my_pkg-1.0.dist-info/";
    EXPECT_EQ(text(info + "INSTALLER"), "aimlock\n");
    EXPECT_FALSE(exists(info + "direct_url.json"));
    EXPECT_FALSE(exists(info + "REQUESTED"));
    const std::string record = text(info + "RECORD");
    EXPECT_THAT(record, HasSubstr("my_pkg/data.txt,sha256=Om6weQ85rIfJTzhWst0sXREOaBFgImGpqSPTuyOtyLc,4\n"));
    EXPECT_THAT(record, HasSubstr("../../../bin/my-tool,sha256="));
    EXPECT_THAT(record, HasSubstr("../../../share/my/file,sha256="));
    EXPECT_THAT(record, HasSubstr("my_pkg-1.0.dist-info/RECORD,,\n"));
    EXPECT_THAT(record, ::testing::Not(HasSubstr("direct_url")));
}

TEST_F(WheelReplay, NamesFilesThatRunAtEveryStart) {
    add_wheel("p", "1", {{"evil.pth", "import os\n"}});
    const auto report = run();
    ASSERT_TRUE(report);
    EXPECT_THAT(report->notes,
                ::testing::Contains(HasSubstr("runs at every start of Python: " + site + "evil.pth")));
}

TEST_F(WheelReplay, HoldsFilesAgainstRecord) {
    const ReplayTest::Files files = {{"p/a.py", "a = 1\n"}, {"p/b.py", "b = 1\n"}};
    struct Case {
        std::string record;
        std::string error;
    };
    const std::string metadata = "Name: p\n";
    const std::string wheel = "Wheel-Version: 1.0\n";
    const auto full = [&](const ReplayTest::Files& listed) {
        ReplayTest::Files all = listed;
        all.emplace_back("p-1.dist-info/METADATA", metadata);
        all.emplace_back("p-1.dist-info/WHEEL", wheel);
        return record_of(all, "p-1.dist-info");
    };
    const std::vector<Case> cases = {
        {full({files[0], {"p/b.py", "other\n"}}), "`p/b.py` has sha256"},
        {full({files[0]}), "RECORD does not name `p/b.py`"},
        {full({files[0], files[1], {"p/c.py", "c\n"}}), "names what the wheel does not hold: `p/c.py`"},
        {full(files) + "../../../../canary,,\n", "names what is no file of the wheel"},
        {full(files) + "/etc/passwd,,\n", "names what is no file of the wheel"},
        {full(files) + "p/a.py,,\n", "states twice `p/a.py`"},
        {full({files[0]}) + "p/b.py,,\n", "states no hash for `p/b.py`"},
        {full({files[0]}) + "p/b.py,md5=AAAAAAAAAAAAAAAAAAAAAA,6\n", "not a SHA-256"},
        {full(files) + "broken line\n", "RECORD has a line of 1 fields"},
    };
    for (const Case& c : cases) {
        ReplayTest::Files all = files;
        all.emplace_back("p-1.dist-info/METADATA", metadata);
        all.emplace_back("p-1.dist-info/WHEEL", wheel);
        all.emplace_back("p-1.dist-info/RECORD", c.record);
        start_over();
        add_wheel("p", "1", all);
        expect_refused(c.error);
    }
}

struct Hostile {
    const char* name;
    const char* path;
    const char* error;
    friend void PrintTo(const Hostile& c, std::ostream* out) { *out << c.name; }
};

class HostileWheel : public ReplayTest, public ::testing::WithParamInterface<Hostile> {};

TEST_P(HostileWheel, IsRefusedAndLeavesNothing) {
    add_wheel("p", "1", {{"p/__init__.py", ""}, {GetParam().path, "dead"}});
    expect_refused(GetParam().error);
}

INSTANTIATE_TEST_SUITE_P(
    Table,
    HostileWheel,
    ::testing::Values(Hostile{"dot_dot", "../../../../canary", "leaves its folder"},
                      Hostile{"absolute", "/tmp/aimlock-evil", "absolute"},
                      Hostile{"scripts_out", "p-1.data/scripts/../../canary", "leaves its folder"},
                      Hostile{"data_out", "p-1.data/data/../../canary", "leaves its folder"},
                      Hostile{"unknown_scheme", "p-1.data/system/x", "no place in a wheel"},
                      Hostile{"scheme_without_a_file", "p-1.data/data", "no place in a wheel"},
                      Hostile{"conda_record", "p-1.data/data/conda-meta/x.json", "only the installer writes"},
                      Hostile{"second_dist_info", "q-1.dist-info/METADATA", "several .dist-info"},
                      Hostile{"twice_in_one_place", "p-1.data/purelib/p/__init__.py", "written twice"},
                      Hostile{"letter_case", "P/__init__.py", "where letter case"},
                      Hostile{"below_a_file", "p/__init__.py/x", "which is a file or a link"}),
    [](const auto& test) { return std::string(test.param.name); });

TEST_F(WheelReplay, RefusesHostileEntryPoints) {
    for (const char* line :
         {"../../x = m:f", "/abs = m:f", "a/b = m:f", "python = m:f", "Python3 = m:f", "python3.12 = m:f",
          "x = os:system(\"y\")", "x = m'':f", "x = m:f; import os", "x = .m:f", "x = m:", "x = m", "x",
          " = m:f", "x\x01 = m:f", "x = 1m:f", "-x = m:f"}) {
        start_over();
        add_wheel("p", "1",
                  {{"p.py", ""},
                   {"p-1.dist-info/entry_points.txt", std::string("[console_scripts]\n") + line + "\n"}});
        expect_refused("entry point");
    }
}

TEST_F(WheelReplay, KeepsEntryPointsThatOnlyResembleTheInterpreter) {
    add_wheel(
        "p", "1",
        {{"p.py", ""}, {"p-1.dist-info/entry_points.txt", "[console_scripts]\npython-argcomplete = p:f\n"}});
    EXPECT_TRUE(run());
}

TEST_F(WheelReplay, RefusesAnEntryPointInPlaceOfAFile) {
    CondaBuilder pip;
    pip.name = "pip";
    pip.files = {{"bin/pip", "the real one", '0', "", 0755}};
    add(pip);
    add_wheel("p", "1", {{"p.py", ""}, {"p-1.dist-info/entry_points.txt", "[console_scripts]\npip = p:f\n"}});
    expect_refused("entry point `bin/pip` of pypi p 1 takes the place of a file of conda pip");
}

TEST_F(WheelReplay, RefusesNamesThatSomeFileSystemTakesForOne) {
    add_wheel("p", "1", {{"caf\xC3\xA9.py", ""}, {"cafe\xCC\x81.py", ""}});
    expect_refused("where letter case or Unicode forms do not count");
    start_over();
    add_wheel("a", "1", {{"shared/X.py", ""}});
    add_wheel("b", "1", {{"shared/x.py", ""}});
    expect_refused("where letter case or Unicode forms do not count");
}

TEST_F(WheelReplay, RefusesABomb) {
    add_wheel("p", "1", {{"zeros", std::string(200U << 20U, '\0')}});
    expect_refused("above its limit of");
}

TEST_F(WheelReplay, RefusesAWheelOfAnotherDistribution) {
    add_wheel_bytes("numpy", "2.0", wheel_of("evil", "2.0", {{"evil.py", ""}}));
    expect_refused("the wheel holds evil-2.0");
}

TEST_F(WheelReplay, RefusesAWheelForATargetWithoutPython) {
    lock.targets[0].python_version.clear();
    lock.targets[0].python_site_packages_path.clear();
    add_wheel("p", "1", {{"p.py", ""}});
    expect_refused("the target has none");
}

}  // namespace
}  // namespace aimlock::testing
