#include <fstream>
#include <thread>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "image/inventory_reader.hpp"
#include "image/replay/byte_code.hpp"
#include "image/replay/name_folding.hpp"
#include "image/replay/prefix_text.hpp"
#include "image/replay/wheel_record.hpp"
#include "tests/unit/image/replay_fixture.hpp"

namespace aimlock::testing {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

class Install : public ReplayTest {
protected:
    void add_two() {
        CondaBuilder tool;
        tool.name = "tool";
        tool.files = {{"bin/tool", "tool", '0', "", 0755}};
        add(tool);
        add_wheel("p", "1",
                  {{"p.py", "x = 1\n"}, {"p-1.dist-info/entry_points.txt", "[console_scripts]\np = p:f\n"}});
    }
};

TEST_F(Install, LeavesAnInstalledLockAlone) {
    add_two();
    ASSERT_TRUE(run());
    const auto before = tree();
    const auto again = run();
    ASSERT_TRUE(again) << again.error().message;
    EXPECT_EQ(again->packages, 2U);
    EXPECT_EQ(again->files, 0U);
    EXPECT_EQ(before, tree());
}

TEST_F(Install, ListsEditedFilesOfTheSameLockAndChangesNothing) {
    add_two();
    ASSERT_TRUE(run());
    std::ofstream(prefix / "bin/tool") << "edited";
    std::ofstream(prefix / "mine") << "my notes";
    const auto before = tree();
    const auto again = run();
    ASSERT_TRUE(again) << again.error().message;
    EXPECT_THAT(again->edited, ElementsAre("bin/tool"));
    EXPECT_EQ(before, tree());
}

TEST_F(Install, GivesTheSameTreeWhateverTheThreads) {
    add_two();
    threads = 1;
    ASSERT_TRUE(run());
    const auto one = tree();
    std::filesystem::remove_all(prefix);
    threads = 8;
    options.threads = 8;
    ASSERT_TRUE(run());
    EXPECT_EQ(one, tree());
}

TEST_F(Install, ReplacesAnotherLockAsAWhole) {
    add_two();
    ASSERT_TRUE(run());
    start_over();
    CondaBuilder other;
    other.name = "other";
    other.files = {{"bin/other", "other", '0', "", 0755}};
    add(other);
    const auto report = run();
    ASSERT_TRUE(report) << report.error().message;
    EXPECT_TRUE(exists("bin/other"));
    EXPECT_FALSE(exists("bin/tool"));
    EXPECT_FALSE(exists("conda-meta/tool-1.0-h0_0.json"));
    for (const auto& entry : std::filesystem::directory_iterator(prefix.parent_path())) {
        EXPECT_THAT(entry.path().filename().string(), ::testing::AnyOf("env", "canary"));
    }
}

TEST_F(Install, TouchesNoEditedPrefixUnlessAsked) {
    add_two();
    ASSERT_TRUE(run());
    std::ofstream(prefix / "bin/tool") << "edited";
    std::filesystem::remove(prefix / (site + "p.py"));
    std::ofstream(prefix / "mine") << "my notes";
    const auto before = tree();
    lock.packages.pop_back();
    const auto refused = run();
    ASSERT_TRUE(refused) << refused.error().message;
    EXPECT_THAT(refused->edited, ElementsAre("bin/tool", site + "p.py", "mine"));
    EXPECT_EQ(before, tree());

    start_over();
    add_two();
    options.repair = true;
    const auto repaired = run();
    ASSERT_TRUE(repaired) << repaired.error().message;
    EXPECT_EQ(text("bin/tool"), "tool");
    EXPECT_EQ(text(site + "p.py"), "x = 1\n");
    EXPECT_EQ(text("mine"), "my notes");
}

TEST_F(Install, RefusesSomebodysFolder) {
    add_two();
    folder.write("home/env/thesis.tex", "years of work");
    expect_refused("is not empty, and aimlock did not make it");
}

TEST_F(Install, FillsAnEmptyFolder) {
    add_two();
    std::filesystem::create_directories(prefix);
    EXPECT_TRUE(run());
    EXPECT_TRUE(exists("bin/tool"));
}

TEST_F(Install, LeavesTheOldPrefixWhenAPackageIsBroken) {
    add_two();
    ASSERT_TRUE(run());
    add_wheel("broken", "1", {{"../x", ""}});
    expect_refused("pypi broken 1: entry `../x` leaves its folder");
    start_over();
    add_wheel("gone", "1", {{"x", ""}});
    std::filesystem::remove(folder.path() / "pool/gone-1-py3-none-any.whl");
    expect_refused("gone");
}

TEST_F(Install, RemovesWhatAKilledRunLeft) {
    add_two();
    folder.write("home/env.aimlock-new-abc123/half", "half");
    ASSERT_TRUE(run());
    EXPECT_FALSE(std::filesystem::exists(prefix.string() + ".aimlock-new-abc123"));
    // Killed between its two renames: the old prefix lies aside.
    std::filesystem::rename(prefix, prefix.string() + ".aimlock-old-abc123");
    const auto report = run();
    ASSERT_TRUE(report) << report.error().message;
    EXPECT_EQ(report->files, 0U) << "the old prefix should have been put back";
    EXPECT_TRUE(exists("bin/tool"));
}

TEST_F(Install, SerialisesInstallationsIntoOnePrefix) {
    add_two();
    std::vector<Result<InstallReport>> reports(8);
    {
        std::vector<std::jthread> runners;
        for (auto& report : reports) runners.emplace_back([&] { report = run(); });
    }
    std::uint64_t written = 0;
    for (const auto& report : reports) {
        ASSERT_TRUE(report) << report.error().message;
        written += report->files;
    }
    EXPECT_EQ(written, 7U) << "one of them writes, the others find its work";
    EXPECT_TRUE(exists("bin/tool"));
}

TEST_F(Install, WritesBelowARootAsIfItWereAway) {
    add_two();
    options.root = folder.path() / "image";
    options.prefix = "/opt/env";
    ASSERT_TRUE(run());
    prefix = folder.path() / "image/opt/env";
    EXPECT_THAT(text("bin/p"), HasSubstr("#!/opt/env/bin/python\n"));
    // Layers of one image are laid over each other: their shared files must not differ.
    EXPECT_EQ(text("conda-meta/history"), "");
    EXPECT_FALSE(exists("conda-meta/aimlock-lock"));
}

TEST_F(Install, RefusesUnusablePrefixes) {
    add_two();
    for (const char* bad : {"/", "", "/tmp/a\nb"}) {
        options.prefix = bad;
        EXPECT_FALSE(run()) << bad;
    }
    options.prefix = prefix;
    options.target = "gpu";
    expect_refused("no target `gpu`");
}

TEST_F(Install, ReadsBackWhatItInstalled) {
    add_two();
    CondaBuilder own;
    own.name = "packaged";
    own.noarch_python = true;
    own.files = {
        {"site-packages/packaged-1.dist-info/METADATA", "Name: packaged\nVersion: 1\n", '0', "", 0644},
        {"site-packages/packaged-1.dist-info/INSTALLER", "conda", '0', "", 0644}};
    add(own);
    ASSERT_TRUE(run());
    const auto inventory = read_prefix(prefix);
    ASSERT_TRUE(inventory) << inventory.error().message;
    ASSERT_EQ(inventory->packages.size(), 3U)
        << "the dist-info of a conda package is not a package of its own";
    const auto wheel = std::ranges::find(inventory->packages, "p", &InstalledPackage::name);
    ASSERT_NE(wheel, inventory->packages.end());
    EXPECT_FALSE(wheel->is_conda);
    EXPECT_EQ(wheel->version, "1");
    EXPECT_EQ(wheel->installer, "aimlock");
    EXPECT_EQ(wheel->sha256, lock.packages[1].package.sha256);
    for (const InstalledPackage& package : inventory->packages) {
        for (const InstalledFile& file : package.files) {
            ASSERT_TRUE(inventory->files.contains(file.path)) << file.path;
            if (!file.has_hash) continue;
            EXPECT_EQ(file.sha256, inventory->files.at(file.path).sha256) << file.path;
        }
    }
    EXPECT_FALSE(read_prefix(prefix / "nothing"));
}

TEST(PrefixText, ReplacesEveryPlaceholderOfAString) {
    const Placeholder binary{"/placeholder", true};
    const auto run = [&](std::string_view text) {
        return replace_prefix(text, binary, "/env", "f").value_or("refused");
    };
    EXPECT_EQ(run(std::string("a\0/placeholder:/placeholder/x\0b", 31)),
              std::string("a\0/env:/env/x", 13) + std::string(17, '\0') + "b");
    EXPECT_EQ(run("/placeholder"), std::string("/env\0\0\0\0\0\0\0\0", 12))
        << "the string ends with the file";
    EXPECT_EQ(run("no such text"), "no such text");
    EXPECT_FALSE(replace_prefix("/placeholder", binary, "/a/longer/prefix", "f"));
    EXPECT_EQ(replace_prefix("", binary, "/a/longer/prefix", "f").value_or("refused"), "");
    EXPECT_FALSE(replace_prefix("x", Placeholder{"", false}, "/env", "f"));
    EXPECT_EQ(
        replace_prefix("a=/placeholder\r\n", Placeholder{"/placeholder", false}, "/env/longer/than/that", "f")
            .value_or(""),
        "a=/env/longer/than/that\r\n");
}

TEST(PrefixText, RewritesFirstLinesThatNoKernelRuns) {
    const Placeholder text{"/ph", false};
    const auto run = [&](std::string_view content, std::string_view prefix) {
        return replace_prefix(content, text, prefix, "f").value_or("refused");
    };
    EXPECT_EQ(run("#!/ph/bin/python\nx\n", "/env"), "#!/env/bin/python\nx\n");
    EXPECT_EQ(run("#!/ph/bin/python -u\nx\n", "/my env"),
              "#!/bin/sh\n'''exec' \"/my env/bin/python\" -u \"$0\" \"$@\" #'''\nx\n");
    EXPECT_EQ(run("#!/ph/bin/perl -w\nx\n", "/my env"), "#!/usr/bin/env -S perl -w\nx\n");
    const std::string deep = "/" + std::string(130, 'd');
    EXPECT_THAT(run("#!/ph/bin/python3.12\nx\n", deep), ::testing::StartsWith("#!/bin/sh\n'''exec' \"/ddd"));
    EXPECT_EQ(python_shebang("/a$b c/python"),
              "#!/bin/sh\n'''exec' \"/a\\$b c/python\" \"$0\" \"$@\" #'''\n");
}

TEST(NameFolding, IgnoresCaseAndComposition) {
    EXPECT_EQ(folded_path("A/B.PY"), "a/b.py");
    EXPECT_EQ(folded_path("\xC3\x89t"), folded_path("E\xCC\x81t"));
    EXPECT_EQ(folded_path("\xC3\x98"), folded_path("\xC3\xB8"));
    EXPECT_EQ(folded_path("\xD0\x96"), folded_path("\xD0\xB6"));
    EXPECT_NE(folded_path("\xC3\xA9"), folded_path("e"));
    EXPECT_EQ(folded_path("\xE4\xB8\xAD"), "\xE4\xB8\xAD");
}

/// Byte code of the Python whose magic number is `magic`, valid for a time stamp.
std::string byte_code(std::uint16_t magic) {
    std::string code(16, '\x07');
    code[0] = static_cast<char>(magic & 0xFFU);
    code[1] = static_cast<char>(magic >> 8U);
    code.replace(2, 6, std::string("\r\n\0\0\0\0", 6));
    return code + "body";
}

TEST(ByteCode, GetsTheHashThatItsPythonWouldGiveTheSource) {
    // What _imp.source_hash says of "x = 1\n" in Python 3.9.2 and 3.11.7.
    std::string old_code = byte_code(3425);
    ASSERT_TRUE(make_unchecked(old_code, "x = 1\n"));
    EXPECT_EQ(old_code.substr(4, 12), std::string("\x01\0\0\0\xf1\xd6\x65\xa9\xe5\x0f\xdf\xfa", 12));
    EXPECT_TRUE(old_code.ends_with("body"));
    std::string new_code = byte_code(3495);
    ASSERT_TRUE(make_unchecked(new_code, "x = 1\n"));
    EXPECT_EQ(new_code.substr(4, 12), std::string("\x01\0\0\0\x4c\x03\x72\xaa\x93\xf7\x52\x52", 12));
    EXPECT_FALSE(make_unchecked(new_code, "x = 1\n")) << "it is one already";
    std::string other = "not byte code at all";
    EXPECT_FALSE(make_unchecked(other, ""));
}

TEST_F(Install, MakesShippedByteCodeIndependentOfTime) {
    CondaBuilder package;
    package.files = {{site + "m.py", "x = 1\n", '0', "", 0644},
                     {site + "__pycache__/m.cpython-312.pyc", byte_code(3531), '0', "", 0644},
                     {site + "__pycache__/gone.cpython-312.pyc", byte_code(3531), '0', "", 0644}};
    add(package);
    const auto report = run();
    ASSERT_TRUE(report) << report.error().message;
    EXPECT_EQ(text(site + "__pycache__/m.cpython-312.pyc").substr(4, 4), std::string("\x01\0\0\0", 4));
    EXPECT_EQ(text(site + "__pycache__/gone.cpython-312.pyc"), byte_code(3531)) << "its source is not there";
    EXPECT_THAT(text("conda-meta/pkg-1.0-h0_0.json"),
                HasSubstr(sha256_of(text(site + "__pycache__/m.cpython-312.pyc")).hex()));
}

TEST(WheelRecord, ReadsAndWritesCsv) {
    const auto lines = parse_record("\"a,\"\"b\"\".py\",sha256=x,3\r\nplain,,\n");
    ASSERT_TRUE(lines) << lines.error().message;
    ASSERT_EQ(lines->size(), 2U);
    EXPECT_EQ((*lines)[0].path, "a,\"b\".py");
    EXPECT_EQ((*lines)[0].size, "3");
    EXPECT_EQ((*lines)[1].path, "plain");
    const Sha256 digest = sha256_of("data");
    EXPECT_EQ(record_line("a,\"b\"", digest, 4),
              "\"a,\"\"b\"\"\",sha256=Om6weQ85rIfJTzhWst0sXREOaBFgImGpqSPTuyOtyLc,4\n");
    EXPECT_EQ(record_sha256(record_hash(digest)), digest);
    EXPECT_FALSE(record_sha256("sha256=short"));
    EXPECT_FALSE(record_sha256("md5=Om6weQ85rIfJTzhWst0sXREOaBFgImGpqSPTuyOtyLc"));
    EXPECT_EQ(parse_record(record_line("a\nb\r", digest, 4)).value().at(0).path, "a\nb\r");
    EXPECT_FALSE(parse_record("\"never ends"));
}

}  // namespace
}  // namespace aimlock::testing
