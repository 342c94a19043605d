#include "fetch/archive/tar_reader.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "fetch/archive/entry_path.hpp"
#include "tests/support/archive_builder.hpp"

namespace aimlock::testing {
namespace {

constexpr std::uint64_t plenty = 1U << 20U;

/// The error of reading all of `tar`, empty when there is none.
std::string error_of(const std::string& tar, std::uint64_t most = plenty) {
    const std::string bytes = zstd_of(tar);
    auto reader = TarReader::open(bytes, TarCompression::zstd, most);
    if (!reader) return reader.error().message;
    for (;;) {
        const auto entry = reader->next();
        if (!entry) return entry.error().message;
        if (!*entry) return {};
        const auto content = reader->read_all();
        if (!content) return content.error().message;
    }
}

TEST(TarReader, GivesWhatWasPackedInBothCompressions) {
    const std::string tar = tar_of({{"./bin/tool", "#!x", '0', "", 0755},
                                    {"lib/", "", '5', "", 0755},
                                    {"lib/a.so", "elf", '0', "", 0644},
                                    {"lib/b.so", "", '2', "a.so", 0777},
                                    {"lib/c.so", "", '1', "lib/a.so", 0644}});
    for (const auto& [bytes, compression] :
         {std::pair(zstd_of(tar), TarCompression::zstd), std::pair(bzip2_of(tar), TarCompression::bzip2)}) {
        auto reader = TarReader::open(bytes, compression, plenty);
        ASSERT_TRUE(reader) << reader.error().message;
        std::vector<TarEntry> entries;
        std::vector<std::string> contents;
        for (;;) {
            const auto entry = reader->next();
            ASSERT_TRUE(entry) << entry.error().message;
            if (!*entry) break;
            entries.push_back(**entry);
            contents.push_back(reader->read_all().value_or("?"));
        }
        ASSERT_EQ(entries.size(), 5U);
        EXPECT_EQ(entries[0].path, "bin/tool");
        EXPECT_TRUE(entries[0].executable);
        EXPECT_EQ(contents[0], "#!x");
        EXPECT_EQ(entries[1].kind, TarEntry::Kind::directory);
        EXPECT_FALSE(entries[2].executable);
        EXPECT_EQ(entries[3].kind, TarEntry::Kind::symlink);
        EXPECT_EQ(entries[3].link, "a.so");
        EXPECT_EQ(entries[4].kind, TarEntry::Kind::hardlink);
        EXPECT_EQ(entries[4].link, "lib/a.so");
    }
}

TEST(TarReader, ReadsNamesOutsideAsciiInAnyLocale) {
    EXPECT_EQ(error_of(tar_of({{"data/\xC3\xA9t\xC3\xA9.txt", "x", '0', "", 0644}})), "");
}

TEST(TarReader, RefusesWhatIsNotAFileAFolderOrALink) {
    for (const char type : {'3', '4', '6'}) {
        EXPECT_THAT(error_of(tar_of({{"x", "", type, "", 0644}})), ::testing::HasSubstr("neither a file"))
            << type;
    }
}

TEST(TarReader, RefusesNamesThatLeaveTheRoot) {
    EXPECT_THAT(error_of(tar_of({{"../x", "", '0', "", 0644}})), ::testing::HasSubstr("leaves its folder"));
    EXPECT_THAT(error_of(tar_of({{"a/../../x", "", '0', "", 0644}})),
                ::testing::HasSubstr("leaves its folder"));
    EXPECT_THAT(error_of(tar_of({{"/etc/x", "", '0', "", 0644}})), ::testing::HasSubstr("absolute"));
    EXPECT_THAT(error_of(tar_of({{"x", "", '1', "../y", 0644}})), ::testing::HasSubstr("leaves its folder"));
    EXPECT_THAT(error_of(tar_of({{"x", "", '1', "/etc/passwd", 0644}})), ::testing::HasSubstr("absolute"));
    EXPECT_THAT(error_of(tar_of({{"a\x1b[2J", "", '0', "", 0644}})),
                ::testing::HasSubstr("control character"));
}

TEST(TarReader, RefusesMoreThanItsLimit) {
    EXPECT_THAT(error_of(tar_of({{"zeros", std::string(1U << 20U, '\0'), '0', "", 0644}}), 1000),
                ::testing::HasSubstr("limit of 1000 bytes"));
}

TEST(TarReader, RefusesACutArchive) {
    const std::string tar = tar_of({{"a", std::string(5000, 'a'), '0', "", 0644}});
    EXPECT_NE(error_of(tar.substr(0, 2000)), "");
    const std::string packed = zstd_of(tar);
    auto reader =
        TarReader::open(std::string_view(packed).substr(0, packed.size() / 2), TarCompression::zstd, plenty);
    if (reader) {
        const auto entry = reader->next();
        EXPECT_FALSE(entry && reader->read_all());
    }
}

TEST(EntryPath, LinksMayPointInsideOnly) {
    EXPECT_EQ(safe_link_target("lib/libz.so", "libz.so.1").value_or("?"), "lib/libz.so.1");
    EXPECT_EQ(safe_link_target("lib/x", "../share/y").value_or("?"), "share/y");
    EXPECT_EQ(safe_link_target("x", ".").value_or("?"), "");
    EXPECT_FALSE(safe_link_target("lib/x", "../../etc/passwd"));
    EXPECT_FALSE(safe_link_target("x", ".."));
    EXPECT_FALSE(safe_link_target("x", "/etc/passwd"));
    EXPECT_FALSE(safe_link_target("x", ""));
}

TEST(EntryPath, ShowsHostileNamesHarmlessly) {
    EXPECT_EQ(shown_name("a\x1b[31mb\n"), "a\\x1b[31mb\\x0a");
    EXPECT_EQ(shown_name("\xFF"), "\\xff");
    EXPECT_EQ(shown_name("caf\xC3\xA9"), "caf\xC3\xA9");
    EXPECT_LT(shown_name(std::string(5000, 'x')).size(), 250U);
}

}  // namespace
}  // namespace aimlock::testing
