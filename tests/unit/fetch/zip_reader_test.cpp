#include "fetch/archive/zip_reader.hpp"

#include <algorithm>
#include <functional>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/support/archive_builder.hpp"

namespace aimlock::testing {
namespace {

constexpr std::uint64_t plenty = 1U << 20U;

ZipMember member(std::string name, std::string content = "hello hello hello") {
    ZipMember result;
    result.name = std::move(name);
    result.content = std::move(content);
    return result;
}

TEST(ZipReader, GivesWhatWasPacked) {
    ZipMember stored = member("b/raw.bin", std::string(5000, 'x'));
    stored.deflated = false;
    stored.mode = 0100755;
    ZipMember streamed = member("c/streamed.txt");
    streamed.descriptor = ZipMember::Descriptor::honest;
    const std::string bytes = zip_of({member("a.py"), stored, streamed, member("empty", "")});
    const auto zip = ZipReader::open(bytes, plenty);
    ASSERT_TRUE(zip) << zip.error().message;
    ASSERT_EQ(zip->entries().size(), 4U);
    EXPECT_EQ(zip->read_all(zip->entries()[0], 100).value_or("?"), "hello hello hello");
    EXPECT_EQ(zip->read_all(zip->entries()[1], 5000).value_or("?"), std::string(5000, 'x'));
    EXPECT_EQ(zip->read_all(zip->entries()[2], 100).value_or("?"), "hello hello hello");
    EXPECT_EQ(zip->read_all(zip->entries()[3], 100).value_or("?"), "");
    EXPECT_TRUE(zip->entries()[1].executable);
    EXPECT_FALSE(zip->entries()[0].executable);
    EXPECT_EQ(zip->stored(zip->entries()[1]).value_or("?"), std::string(5000, 'x'));
    EXPECT_FALSE(zip->stored(zip->entries()[0]));
}

TEST(ZipReader, AcceptsPlainCommentsAndZip64RecordsThatAgree) {
    ZipFrame comment;
    comment.comment = "built by hand";
    EXPECT_TRUE(ZipReader::open(zip_of({member("a")}, comment), plenty));
    ZipFrame zip64;
    zip64.zip64_count = 1;
    const auto opened = ZipReader::open(zip_of({member("a")}, zip64), plenty);
    EXPECT_TRUE(opened) << opened.error().message;
    ZipMember repeated = member("a", std::string(17, 'r'));
    repeated.deflated = false;
    repeated.extra = zip64_extra({17, 17});
    EXPECT_TRUE(ZipReader::open(zip_of({repeated}), plenty));
}

TEST(ZipReader, ChecksSizeAndCrcOfContent) {
    ZipMember wrong = member("a");
    wrong.crc = 12345;
    const std::string bytes = zip_of({wrong});
    const auto zip = ZipReader::open(bytes, plenty);
    ASSERT_TRUE(zip) << zip.error().message;
    const auto content = zip->read_all(zip->entries()[0], 100);
    ASSERT_FALSE(content);
    EXPECT_THAT(content.error().message, ::testing::HasSubstr("CRC"));
}

TEST(ZipReader, RefusesBombsByTheirStatedSize) {
    const std::string bytes = zip_of({member("zeros", std::string(2U << 20U, '\0'))});
    const auto zip = ZipReader::open(bytes, plenty);
    ASSERT_FALSE(zip);
    EXPECT_THAT(zip.error().message, ::testing::HasSubstr("limit of 1048576 bytes"));
}

TEST(ZipReader, RefusesEveryTruncation) {
    const std::string bytes = zip_of({member("a"), member("b")});
    for (std::size_t size = 0; size < bytes.size(); ++size) {
        EXPECT_FALSE(ZipReader::open(std::string_view(bytes).substr(0, size), plenty)) << size;
    }
}

TEST(ZipReader, NeverReadsOutsideAChangedArchive) {
    const std::string good = zip_of({member("a"), member("b/c", std::string(300, 'q'))});
    for (std::size_t at = 0; at < good.size(); ++at) {
        for (const int change : {0x01, 0x80, 0xFF}) {
            std::string bytes = good;
            bytes[at] = static_cast<char>(bytes[at] ^ change);
            const auto zip = ZipReader::open(bytes, plenty);
            if (!zip) continue;
            for (const ZipEntry& entry : zip->entries()) static_cast<void>(zip->read_all(entry, plenty));
        }
    }
}

TEST(ZipReader, ANextMemberBehindTheEndWidensNothing) {
    std::string bytes = zip_of({member("a"), member("b")});
    bytes[26 + 1] = 0x70;  // the first name in 28,672 bytes
    const std::size_t second = bytes.rfind("PK\x01\x02");
    bytes[second + 42 + 2] = 0x70;  // and the second member behind them
    EXPECT_FALSE(ZipReader::open(bytes, plenty));
}

struct Case {
    const char* name;
    std::function<std::string()> bytes;
    const char* error;
    friend void PrintTo(const Case& c, std::ostream* out) { *out << c.name; }
};

class ZipDifferential : public ::testing::TestWithParam<Case> {};

TEST_P(ZipDifferential, IsRefused) {
    const std::string bytes = GetParam().bytes();
    const auto zip = ZipReader::open(bytes, plenty);
    ASSERT_FALSE(zip);
    EXPECT_EQ(zip.error().code, ErrorCode::archive);
    EXPECT_THAT(zip.error().message, ::testing::HasSubstr(GetParam().error));
}

ZipMember changed(const std::function<void(ZipMember&)>& change) {
    ZipMember result = member("a.py");
    change(result);
    return result;
}

std::string framed(const std::function<void(ZipFrame&)>& change) {
    ZipFrame frame;
    change(frame);
    return zip_of({member("a.py")}, frame);
}

INSTANTIATE_TEST_SUITE_P(
    Table,
    ZipDifferential,
    ::testing::Values(
        Case{"ghost_first",
             [] {
                 return zip_of({changed([](auto& m) { m.in_directory = false; }), member("b.py")});
             },
             "bytes before its first member"},
        Case{"ghost_between",
             [] {
                 return zip_of(
                     {member("b.py"), changed([](auto& m) { m.in_directory = false; }), member("c.py")});
             },
             "hidden bytes"},
        Case{"ghost_last",
             [] {
                 return zip_of({member("b.py"), changed([](auto& m) { m.in_directory = false; })});
             },
             "hidden bytes"},
        Case{"only_ghosts", [] { return zip_of({changed([](auto& m) { m.in_directory = false; })}); },
             "does not name"},
        Case{"same_name_other_content",
             [] {
                 return zip_of({member("a.py"), member("a.py", "evil")});
             },
             "twice"},
        Case{"same_name_same_content",
             [] {
                 return zip_of({member("a.py"), member("a.py")});
             },
             "twice"},
        Case{"file_and_folder_of_one_name",
             [] {
                 return zip_of(
                     {member("a"), changed([](auto& m) { m.name = "a/", m.content = "", m.mode = 040755; })});
             },
             "twice"},
        Case{"two_names", [] { return zip_of({changed([](auto& m) { m.local_name = "evil"; })}); },
             "in its own header"},
        Case{"two_sizes", [] { return zip_of({changed([](auto& m) { m.local_size = 5; })}); }, "contradict"},
        Case{"directory_size_lies",
             [] { return zip_of({changed([](auto& m) { m.central_size = 5, m.deflated = false; })}); },
             "two sizes"},
        Case{"descriptor_lies",
             [] { return zip_of({changed([](auto& m) { m.descriptor = ZipMember::Descriptor::lying; })}); },
             "descriptor that lies"},
        Case{"bytes_before", [] { return framed([](auto& f) { f.before = "#!/bin/sh\n"; }); }, "ZIP"},
        Case{"bytes_before_counted",
             [] { return framed([](auto& f) { f.before = "#!/bin/sh\n", f.shift_offsets = true; }); }, "ZIP"},
        Case{"bytes_between", [] { return framed([](auto& f) { f.between = "hidden"; }); }, "hidden bytes"},
        Case{"bytes_after", [] { return framed([](auto& f) { f.after = "trailing"; }); },
             "behind its end record"},
        Case{"two_archives", [] { return zip_of({member("one")}) + zip_of({member("two")}); }, "ZIP"},
        Case{"archive_in_comment",
             [] { return framed([](auto& f) { f.comment = zip_of({member("hidden")}); }); }, "ZIP"},
        Case{"zip64_count_lies", [] { return framed([](auto& f) { f.zip64_count = 2; }); }, "contradict"},
        Case{"zip64_sizes_lie",
             [] { return zip_of({changed([](auto& m) {
                      m.extra = zip64_extra({5, 5});
                  })}); }, "contradict"},
        Case{"zip64_too_long",
             [] { return zip_of({changed([](auto& m) {
                      m.extra = zip64_extra({17, 13, 0, 7});
                  })}); },
             "contradict"},
        Case{"second_name",
             [] {
                 return zip_of({changed([](auto& m) {
                     m.extra = std::string("\x75\x70\x09\x00\x01\x00\x00\x00\x00", 9) + "evil";
                 })});
             },
             "second name"},
        Case{"dot_dot", [] { return zip_of({member("a/../../x")}); }, "leaves its folder"},
        Case{"absolute", [] { return zip_of({member("/etc/passwd")}); }, "absolute"},
        Case{"backslash", [] { return zip_of({member("ok\\..\\win.txt")}); }, "backslash"},
        Case{"nul", [] { return zip_of({member(std::string("a\0b", 3))}); }, "control character"},
        Case{"newline", [] { return zip_of({member("a\nb")}); }, "control character"},
        Case{"right_to_left",
             [] {
                 return zip_of(
                     {member("a\xE2\x80\xAE"
                             "b")});
             },
             "control character"},
        Case{"not_utf8", [] { return zip_of({member("a\xFF")}); }, "not UTF-8"},
        Case{"not_normal", [] { return zip_of({member("a//b")}); }, "normal form"},
        Case{"whiteout", [] { return zip_of({member("lib/.wh.os.py")}); }, "whiteout"},
        Case{"symlink", [] { return zip_of({changed([](auto& m) { m.mode = 0120777; })}); },
             "neither a file nor a folder"},
        Case{"device", [] { return zip_of({changed([](auto& m) { m.mode = 0060644; })}); },
             "neither a file nor a folder"},
        Case{"empty", [] { return std::string(); }, "shorter"},
        Case{"html", [] { return std::string("<html>please log in</html>"); }, "no end record"}),
    [](const auto& test) { return std::string(test.param.name); });

}  // namespace
}  // namespace aimlock::testing
