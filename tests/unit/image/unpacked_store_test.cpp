#include "image/replay/unpacked_store.hpp"

#include <fstream>
#include <thread>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include "image/replay/unpacked_list.hpp"
#include "tests/unit/image/replay_fixture.hpp"

namespace aimlock::testing {
namespace {

namespace fs = std::filesystem;

const std::string placeholder =
    "/placehold_placehold_placehold_placehold_placehold_placehold_placehold_placehold";

/// Prefixes that share the files of one store.
class SharedStore : public ReplayTest {
protected:
    SharedStore() {
        options.unpacked = store;
        CondaBuilder tool;
        tool.name = "tool";
        tool.files = {{"bin/tool", "#!" + placeholder + "/bin/sh\n", '0', "", 0755},
                      {"lib/plain", "plain", '0', "", 0644},
                      {"lib/again", "", '1', "lib/plain", 0644},
                      {"lib/link", "", '2', "plain", 0777}};
        tool.placeholders = {{"bin/tool", {placeholder, false}}};
        add(tool);
        CondaBuilder pure;
        pure.name = "pure";
        pure.noarch_python = true;
        pure.files = {{"site-packages/pure.py", "x = 1\n", '0', "", 0644},
                      {"python-scripts/pure-run", "#!/bin/sh\n", '0', "", 0755}};
        pure.entry_points = {"pure = pure:main"};
        add(pure);
        add_wheel("p", "1",
                  {{"p.py", "x = 1\n"},
                   {"p-1.data/scripts/run", "#!python\n"},
                   {"p-1.data/scripts/shell", "#!/bin/sh\n"},
                   {"p-1.data/headers/p.h", "int p;\n"},
                   {"p-1.dist-info/entry_points.txt", "[console_scripts]\np = p:f\n"}});
    }

    static struct stat status(const fs::path& file) {
        struct stat status {};
        EXPECT_EQ(::lstat(file.c_str(), &status), 0) << file;
        return status;
    }
    Result<InstallReport> install_into(const std::string& name) {
        options.prefix = prefix = folder.path() / "home" / name;
        return run();
    }
    /// The tree of the prefix alone.
    std::map<std::string, std::string> prefix_tree() {
        std::map<std::string, std::string> found;
        const std::string start = prefix.lexically_relative(folder.path()).string() + "/";
        for (auto& [path, content] : tree()) {
            if (path.starts_with(start)) found[path.substr(start.size())] = content;
        }
        return found;
    }

    const fs::path store = folder.path() / "cache/unpacked";
};

TEST_F(SharedStore, GivesWhatOnePassGives) {
    options.unpacked.clear();
    ASSERT_TRUE(run());
    const auto one_pass = prefix_tree();
    fs::remove_all(prefix);
    options.unpacked = store;
    for (const char* state : {"cold", "warm"}) {
        const auto report = run();
        ASSERT_TRUE(report) << state << ": " << report.error().message;
        EXPECT_EQ(one_pass, prefix_tree()) << state;
        EXPECT_EQ(report->files, 16U) << state;
        EXPECT_EQ(report->from_store, 3U) << state;
        fs::remove_all(prefix);
    }
}

TEST_F(SharedStore, SharesWhatIsTheSameInEveryPrefix) {
    ASSERT_TRUE(install_into("one"));
    ASSERT_TRUE(install_into("two"));
    const fs::path one = folder.path() / "home/one";
    const fs::path two = folder.path() / "home/two";
    for (const std::string& shared : {std::string("lib/plain"), site + "p.py", site + "pure.py",
                                      std::string("bin/shell"), std::string("include/python3.12/p/p.h")}) {
        EXPECT_EQ(status(one / shared).st_ino, status(two / shared).st_ino) << shared;
        EXPECT_EQ(status(one / shared).st_nlink, shared == "lib/plain" ? 5U : 3U) << shared;
    }
    for (const char* own : {"bin/tool", "bin/p", "bin/pure", "bin/run"})
        EXPECT_EQ(status(one / own).st_nlink, 1U) << own;
    EXPECT_EQ(text("bin/tool"), "#!" + two.string() + "/bin/sh\n");
    EXPECT_EQ(text("bin/run"), "#!" + two.string() + "/bin/python\n");
    EXPECT_EQ(text("lib/again"), "plain");
}

TEST_F(SharedStore, NeedsNoArchiveOfWhatItHolds) {
    ASSERT_TRUE(install_into("one"));
    fs::remove_all(folder.path() / "pool");
    const auto report = install_into("two");
    ASSERT_TRUE(report) << report.error().message;
    EXPECT_EQ(report->from_store, 3U);
}

TEST_F(SharedStore, UnpacksAnewWhatWasEditedInAPrefix) {
    ASSERT_TRUE(install_into("one"));
    std::ofstream(prefix / "lib/plain") << "spoil";  // the same size
    ASSERT_TRUE(install_into("two"));
    EXPECT_EQ(text("lib/plain"), "plain");
    const auto edited = install_into("one");
    ASSERT_TRUE(edited);
    EXPECT_THAT(edited->edited, ::testing::ElementsAre("lib/again", "lib/plain"));
    options.repair = true;
    ASSERT_TRUE(install_into("one"));
    EXPECT_EQ(text("lib/plain"), "plain");
}

TEST_F(SharedStore, SeesAnEditBehindItsTimeWhenToldToVerify) {
    ASSERT_TRUE(install_into("one"));
    const fs::path file = prefix / (site + "p.py");
    const auto time = fs::last_write_time(file);
    std::ofstream(file) << "x = 2\n";
    fs::last_write_time(file, time);
    EXPECT_TRUE(install_into("one")->edited.empty()) << "sizes and times vouch for it";
    options.verify = true;
    EXPECT_THAT(install_into("one")->edited, ::testing::ElementsAre(site + "p.py"));
    ASSERT_TRUE(install_into("two"));
    EXPECT_EQ(text(site + "p.py"), "x = 1\n");
}

TEST_F(SharedStore, SurvivesWhatAKilledProcessLeft) {
    ASSERT_TRUE(install_into("one"));
    for (const auto& shard : fs::directory_iterator(store)) {
        for (const auto& package : fs::directory_iterator(shard)) {
            fs::resize_file(package.path() / "list", fs::file_size(package.path() / "list") - 1);
            fs::create_directory(package.path().string() + ".part");
            std::ofstream(package.path().string() + ".part/0") << "half";
            std::ofstream(package.path().string() + ".lock") << "";
        }
    }
    ASSERT_TRUE(install_into("two"));
    EXPECT_EQ(text("lib/plain"), "plain");
    for (const auto& shard : fs::directory_iterator(store)) {
        for (const auto& package : fs::directory_iterator(shard)) EXPECT_EQ(package.path().extension(), "");
    }
}

TEST_F(SharedStore, IsFilledOnceByMany) {
    std::vector<Result<InstallReport>> reports(8);
    {
        std::vector<std::jthread> runners;
        for (std::size_t i = 0; i < reports.size(); ++i) {
            runners.emplace_back([&, i] {
                InstallOptions mine = options;
                mine.prefix = folder.path() / "home" / std::to_string(i);
                FolderStore archives(folder.path() / "pool", 2);
                SilentProgress progress;
                reports[i] = install(lock, mine, archives, progress);
            });
        }
    }
    for (std::size_t i = 0; i < reports.size(); ++i) {
        ASSERT_TRUE(reports[i]) << reports[i].error().message;
        EXPECT_EQ(status(folder.path() / "home" / std::to_string(i) / "lib/plain").st_nlink, 17U);
    }
}

TEST_F(SharedStore, IsDoneWithoutWhereItCannotBe) {
    folder.write("cache", "a file where a folder should be");
    const auto report = run();
    ASSERT_TRUE(report) << report.error().message;
    EXPECT_EQ(status(prefix / "lib/plain").st_nlink, 2U);
}

TEST_F(SharedStore, IsNotForImages) {
    options.root = folder.path() / "image";
    options.prefix = "/opt/env";
    ASSERT_TRUE(run());
    EXPECT_FALSE(fs::exists(store));
    EXPECT_FALSE(fs::exists(folder.path() / "image/opt/env/conda-meta/aimlock-files"));
}

TEST_F(SharedStore, ReadsNoFileOfAnUntouchedPrefix) {
    ASSERT_TRUE(run());
    // What is not read may hold anything, as long as size and time are what they were.
    const fs::path file = prefix / "bin/p";
    const auto time = fs::last_write_time(file);
    std::fstream(file, std::ios::in | std::ios::out).put('?');
    fs::last_write_time(file, time);
    const auto again = run();
    ASSERT_TRUE(again);
    EXPECT_EQ(again->files, 0U);
    EXPECT_TRUE(again->edited.empty());
    fs::last_write_time(file, time + std::chrono::seconds(1));
    EXPECT_THAT(run()->edited, ::testing::ElementsAre("bin/p"));
    fs::remove(file);
    EXPECT_THAT(run()->edited, ::testing::ElementsAre("bin/p"));
}

TEST(UnpackedList, ReadsBackWhatItWrote) {
    PackagedFiles package;
    package.dist_info = "p-1.dist-info";
    package.index_json = std::string(300, '{');
    package.from_wheel = package.compiles = true;
    package.entry_points = {{"p", "p.cli", "main"}};
    PackagedFile file;
    file.path = "bin/p";
    file.executable = file.is_script = true;
    file.sha256 = file.packaged_sha256 = sha256_of("x");
    file.size_bytes = 1U << 20U;
    file.changed_ns = 1'700'000'000'123'456'789;
    file.placeholder = Placeholder{"/ph", true};
    PackagedFile link;
    link.kind = PackagedFile::Kind::link;
    link.place = PackagedFile::Place::site_packages;
    link.path = "l";
    link.link = "../x";
    PackagedFile second;
    second.kind = PackagedFile::Kind::second_name;
    second.path = "s";
    package.files = {file, link, second};
    const std::string bytes = unpacked_list(package);
    const auto read = read_unpacked_list(bytes);
    ASSERT_TRUE(read);
    EXPECT_EQ(unpacked_list(*read), bytes);
    EXPECT_EQ(read->files[0].changed_ns, file.changed_ns);
    EXPECT_EQ(read->files[1].link, "../x");
    for (std::size_t i = 0; i < bytes.size(); ++i) {
        std::string other = bytes;
        other[i] = static_cast<char>(other[i] ^ 1);
        EXPECT_FALSE(read_unpacked_list(other)) << i;
        EXPECT_FALSE(read_unpacked_list(bytes.substr(0, i))) << i;
    }
}

}  // namespace
}  // namespace aimlock::testing
