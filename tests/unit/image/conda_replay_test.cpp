#include <fmt/core.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "tests/unit/image/replay_fixture.hpp"

namespace aimlock::testing {
namespace {

using ::testing::HasSubstr;

const std::string placeholder =
    "/placehold_placehold_placehold_placehold_placehold_placehold_placehold_placehold";

class CondaReplay : public ReplayTest {};

CondaBuilder sample() {
    CondaBuilder package;
    package.name = "tool";
    package.files = {{"bin/tool", "#!" + placeholder + "/bin/python\nprint()\n", '0', "", 0755},
                     {"lib/libtool.so.1", std::string("ELF\0", 4) + placeholder + std::string("/etc\0END", 8),
                      '0', "", 0644},
                     {"lib/libtool.so", "", '2', "libtool.so.1", 0777},
                     {"share/plain", "plain", '0', "", 0600},
                     {"share/again", "", '1', "share/plain", 0644}};
    package.placeholders = {{"bin/tool", {placeholder, false}}, {"lib/libtool.so.1", {placeholder, true}}};
    return package;
}

TEST_F(CondaReplay, FillsAPrefixFromBothArchiveForms) {
    for (const bool bz2 : {false, true}) {
        start_over();
        options.prefix = prefix = folder.path() / "home" / (bz2 ? "env2" : "env1");
        add(sample(), bz2);
        const auto report = run();
        ASSERT_TRUE(report) << report.error().message;
        EXPECT_EQ(report->packages, 1U);
        EXPECT_EQ(report->files, 5U);
        EXPECT_EQ(text("bin/tool"), "#!" + prefix.string() + "/bin/python\nprint()\n");
        const std::string library = text("lib/libtool.so.1");
        EXPECT_EQ(library.size(), sample().files[1].content.size());
        EXPECT_THAT(library, HasSubstr(prefix.string() + std::string("/etc\0", 5)));
        EXPECT_TRUE(library.ends_with(std::string("\0END", 4)));
        EXPECT_EQ(std::filesystem::read_symlink(prefix / "lib/libtool.so"), "libtool.so.1");
        EXPECT_EQ(text("share/again"), "plain");
        using std::filesystem::perms;
        EXPECT_EQ(std::filesystem::status(prefix / "bin/tool").permissions(), perms{0755});
        EXPECT_EQ(std::filesystem::status(prefix / "share/plain").permissions(), perms{0644});
    }
}

TEST_F(CondaReplay, WritesTheRecordThatOtherToolsRead) {
    LockRoot root;
    root.requirement = "tool >=1";
    root.targets = {"cpu"};
    lock.roots.push_back(root);
    add(sample());
    ASSERT_TRUE(run());
    const auto record = nlohmann::json::parse(text("conda-meta/tool-1.0-h0_0.json"));
    EXPECT_EQ(record["name"], "tool");
    EXPECT_EQ(record["channel"], "https://channel.example/main");
    EXPECT_EQ(record["fn"], "tool-1.0-h0_0.conda");
    EXPECT_EQ(record["sha256"], lock.packages[0].package.sha256.hex());
    EXPECT_EQ(record["requested_spec"], "tool >=1");
    EXPECT_EQ(record["files"], (nlohmann::json{"bin/tool", "lib/libtool.so", "lib/libtool.so.1",
                                               "share/again", "share/plain"}));
    const auto& line = record["paths_data"]["paths"][0];
    EXPECT_EQ(line["_path"], "bin/tool");
    EXPECT_EQ(line["sha256"], sha256_of(sample().files[0].content).hex());
    EXPECT_EQ(line["sha256_in_prefix"], sha256_of(text("bin/tool")).hex());
    EXPECT_EQ(line["prefix_placeholder"], placeholder);
    EXPECT_THAT(text("conda-meta/history"),
                HasSubstr("+https://channel.example/main/linux-64::tool-1.0-h0_0"));
}

TEST_F(CondaReplay, PutsNoarchPythonWhereTheTargetsPythonLooks) {
    CondaBuilder package;
    package.noarch_python = true;
    package.files = {{"site-packages/lib/__init__.py", "x = 1\n", '0', "", 0644},
                     {"python-scripts/run.sh", "#!/bin/sh\n", '0', "", 0755},
                     {"share/doc", "doc", '0', "", 0644}};
    package.entry_points = {"hello = lib.main:App.run"};
    add(package);
    const auto report = run();
    ASSERT_TRUE(report) << report.error().message;
    EXPECT_EQ(text(site + "lib/__init__.py"), "x = 1\n");
    EXPECT_EQ(text("bin/run.sh"), "#!/bin/sh\n");
    EXPECT_EQ(text("share/doc"), "doc");
    EXPECT_THAT(text("bin/hello"), HasSubstr("#!" + prefix.string() + "/bin/python\n"));
    EXPECT_THAT(text("bin/hello"), HasSubstr("from lib.main import App\n"));
    EXPECT_THAT(text("bin/hello"), HasSubstr("sys.exit(App.run())"));
}

TEST_F(CondaReplay, NamesTheScriptsThatItDoesNotRun) {
    CondaBuilder package;
    package.files = {{"bin/.pkg-post-link.sh", "touch /canary", '0', "", 0755}};
    add(package);
    const auto report = run();
    ASSERT_TRUE(report);
    EXPECT_THAT(report->notes, ::testing::Contains(HasSubstr("script not run: bin/.pkg-post-link.sh")));
}

TEST_F(CondaReplay, RefusesAPrefixLongerThanABinaryPlaceholder) {
    CondaBuilder package = sample();
    package.files[1].content = std::string("ELF\0/short\0", 11);
    package.placeholders[1] = {"lib/libtool.so.1", {"/short", true}};
    add(package);
    expect_refused(fmt::format("`lib/libtool.so.1` holds its prefix in 6 bytes, and this prefix takes {}",
                               prefix.string().size()));
}

TEST_F(CondaReplay, RefusesContentThatDiffersFromItsList) {
    CondaBuilder package;
    package.files = {{"a", "content", '0', "", 0644}};
    package.paths_json = R"({"paths":[{"_path":"a","path_type":"hardlink","sha256":")" +
                         std::string(64, '0').replace(0, 1, "1") +
                         R"(","size_in_bytes":7}],"paths_version":1})";
    add(package);
    expect_refused("conda pkg 1.0 h0_0: `a` has sha256");
}

TEST_F(CondaReplay, RefusesFilesThatAreNotListedAndListedOnesThatAreMissing) {
    CondaBuilder package;
    package.files = {{"a", "x", '0', "", 0644}, {"b", "x", '0', "", 0644}};
    package.paths_json = R"({"paths":[{"_path":"a","path_type":"hardlink"}],"paths_version":1})";
    add(package);
    expect_refused("`b` is in the package and not listed");
    start_over();
    package.files.pop_back();
    package.paths_json = R"({"paths":[{"_path":"a"},{"_path":"c"}],"paths_version":1})";
    package.version = "2";
    add(package, true);
    expect_refused("`c` is listed and not in the package");
}

TEST_F(CondaReplay, RefusesAnArchiveOfAnotherPackage) {
    CondaBuilder package;
    package.files = {{"a", "x", '0', "", 0644}};
    add(package);
    lock.packages[0].package.version = "2.0";
    expect_refused("the archive holds pkg 1.0 h0_0");
}

struct Hostile {
    const char* name;
    std::vector<TarMember> files;
    const char* error;
    friend void PrintTo(const Hostile& c, std::ostream* out) { *out << c.name; }
};

class HostileConda : public ReplayTest, public ::testing::WithParamInterface<Hostile> {};

TEST_P(HostileConda, IsRefusedAndLeavesNothing) {
    for (const bool bz2 : {false, true}) {
        CondaBuilder package;
        package.build = bz2 ? "h0_1" : "h0_0";
        package.files = GetParam().files;
        start_over();
        add(package, bz2);
        expect_refused(GetParam().error);
    }
}

INSTANTIATE_TEST_SUITE_P(
    Table,
    HostileConda,
    ::testing::Values(
        Hostile{"dot_dot", {{"../canary", "dead", '0', "", 0644}}, "leaves its folder"},
        Hostile{"absolute", {{"/tmp/aimlock-evil", "dead", '0', "", 0644}}, "absolute"},
        Hostile{"link_out", {{"out", "", '2', "../canary", 0777}}, "leaves the prefix"},
        Hostile{"link_absolute", {{"out", "", '2', "/etc", 0777}}, "is absolute"},
        Hostile{"link_chain",
                {{"sub/up", "", '2', "..", 0777}, {"out", "", '2', "sub/up/../canary", 0777}},
                "goes up from the link `sub/up`"},
        Hostile{"write_through_link",
                {{"d", "", '2', "lib", 0777}, {"d/canary", "dead", '0', "", 0644}},
                "which is a file or a link"},
        Hostile{"hard_link_out", {{"h", "", '1', "../canary", 0644}}, "leaves its folder"},
        Hostile{"hard_link_to_nothing", {{"h", "", '1', "nothing", 0644}}, "which is no such file"},
        Hostile{"hard_link_to_itself", {{"h", "", '1', "h", 0644}}, "which is no such file"},
        Hostile{"fifo", {{"fifo", "", '6', "", 0644}}, "neither a file"},
        Hostile{"device", {{"null", "", '3', "", 0644}}, "neither a file"},
        Hostile{"twice", {{"a", "1", '0', "", 0644}, {"a", "1", '0', "", 0644}}, "twice"},
        Hostile{"file_and_folder",
                {{"a", "1", '0', "", 0644}, {"a/b", "1", '0', "", 0644}},
                "which is a file or a link"},
        Hostile{"control_character", {{"a\x1b[2J", "", '0', "", 0644}}, "control character"},
        Hostile{"another_packages_record",
                {{"conda-meta/numpy-2-0.json", "{}", '0', "", 0644}},
                "only the installer writes"},
        Hostile{
            "our_marker", {{"conda-meta/aimlock-lock", "{}", '0', "", 0644}}, "only the installer writes"},
        Hostile{
            "our_working_folder", {{".aimlock-work/0/x", "", '0', "", 0644}}, "only the installer writes"},
        Hostile{"whiteout", {{"lib/.wh.python3", "", '0', "", 0644}}, "whiteout"}),
    [](const auto& test) { return std::string(test.param.name); });

TEST_F(CondaReplay, MasksSetuid) {
    CondaBuilder package;
    package.files = {{"bin/su", "x", '0', "", 06755}};
    add(package);
    ASSERT_TRUE(run());
    EXPECT_EQ(std::filesystem::status(prefix / "bin/su").permissions(), std::filesystem::perms{0755});
}

TEST_F(CondaReplay, RefusesEntryPointsThatLeaveBin) {
    for (const char* name :
         {"../../evil", "/evil", "a/b", "python", "Python3", "PYTHON3.12", "pythonw.exe", "..", ""}) {
        CondaBuilder package;
        package.noarch_python = true;
        package.files = {{"site-packages/m.py", "", '0', "", 0644}};
        package.entry_points = {std::string(name) + " = m:main"};
        start_over();
        add(package);
        expect_refused("entry point");
    }
}

TEST_F(CondaReplay, GivesAContestedPathToTheLastInTheLock) {
    for (const unsigned workers : {1U, 2U}) {
        for (const bool swapped : {false, true}) {  // unpacked in the order of size
            start_over();
            threads = workers;
            CondaBuilder a;
            a.name = "a";
            a.files = {{"etc/shared", "of a", '0', "", 0644},
                       {"etc/same", "same", '0', "", 0644},
                       {"a", std::string(swapped ? 9000 : 1, 'a'), '0', "", 0644}};
            CondaBuilder b = a;
            b.name = "b";
            b.files[0].content = "of b";
            b.files[2] = {"b", std::string(swapped ? 1 : 9000, 'b'), '0', "", 0644};
            add(a);
            add(b);
            options.prefix = prefix = folder.path() / "home" / fmt::format("env{}{}", workers, swapped);
            const auto report = run();
            ASSERT_TRUE(report) << report.error().message;
            EXPECT_EQ(text("etc/shared"), "of b");
            EXPECT_EQ(text("etc/same"), "same");
            EXPECT_THAT(report->notes,
                        ::testing::Contains(HasSubstr("a file of conda a 1.0 h0_0 replaced by conda b")));
            EXPECT_THAT(text("conda-meta/a-1.0-h0_0.json"), ::testing::Not(HasSubstr("etc/shared")));
            EXPECT_THAT(text("conda-meta/a-1.0-h0_0.json"), HasSubstr("etc/same"));
            EXPECT_FALSE(exists(".aimlock-work"));
        }
    }
}

TEST_F(CondaReplay, AllowsNamesThatDifferByCaseAlone) {
    CondaBuilder package;  // terminfo is made of these
    package.files = {{"share/terminfo/E/Eterm", "1", '0', "", 0644},
                     {"share/terminfo/e/eterm", "2", '0', "", 0644}};
    add(package);
    EXPECT_TRUE(run());
}

TEST_F(CondaReplay, RefusesALockWhoseNamesAreNoFileNames) {
    CondaBuilder package;
    package.files = {{"a", "x", '0', "", 0644}};
    add(package);
    for (auto field : {&Package::name, &Package::version, &Package::build}) {
        const std::string before = lock.packages[0].package.*field;
        lock.packages[0].package.*field = "../../x";
        expect_refused("cannot be a file's");
        lock.packages[0].package.*field = before;
    }
    lock.packages[0].package.sha256 = {};
    expect_refused("no sha256");
}

}  // namespace
}  // namespace aimlock::testing
