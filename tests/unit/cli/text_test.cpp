#include "cli/render/text.hpp"

#include <gtest/gtest.h>

#include "cli/render/table.hpp"

namespace aimlock::cli {
namespace {

TEST(Escaping, SpellsOutWhatATerminalWouldObey) {
    EXPECT_EQ(escaped("a\x1b[31mb"), "a\\x1b[31mb");
    EXPECT_EQ(escaped("a\rb\x07\x7f"), "a\\x0db\\x07\\x7f");
    EXPECT_EQ(escaped("a\nb\tc"), "a\\nb\\tc");
    EXPECT_EQ(escaped("a\nb", true), "a\nb");
}

TEST(Escaping, SpellsOutDirectionMarksAndInvisibleCharacters) {
    EXPECT_EQ(escaped("a\u202eb"), "a\\u202eb");
    EXPECT_EQ(escaped("a\u200bb"), "a\\u200bb");
    EXPECT_EQ(escaped("a\u009bb"), "a\\u009bb") << "a C1 control begins an escape sequence on some terminals";
}

TEST(Escaping, LeavesLettersOfAnyScriptAlone) {
    EXPECT_EQ(escaped("numpy naïve 数値"), "numpy naïve 数値");
}

TEST(Escaping, SpellsOutBytesThatAreNoUtf8) {
    EXPECT_EQ(escaped("a\xff"), "a\\xff");
    EXPECT_EQ(escaped("a\xc3"), "a\\xc3") << "cut off at the end";
    EXPECT_EQ(escaped("\xc0\xaf"), "\\xc0\\xaf") << "an overlong slash";
    EXPECT_EQ(escaped("\xed\xa0\x80"), "\\xed\\xa0\\x80") << "a surrogate";
}

TEST(Redaction, HidesSecretsOfUrlsWhereverTheyStand) {
    EXPECT_EQ(redacted("cannot reach https://user:hunter2@index.example/simple"),
              "cannot reach https://***@index.example/simple");
    EXPECT_EQ(redacted("`https://conda.example/t/tk-123/main`"), "`https://conda.example/t/***/main`");
    EXPECT_EQ(redacted("https://h/a?token=abc&x=1"), "https://h/a?token=***&x=1");
    EXPECT_EQ(redacted("https://h/a?x=1&api_token=abc#f"), "https://h/a?x=1&api_token=***#f");
    EXPECT_EQ(redacted("https://tok@h"), "https://***@h");
    EXPECT_EQ(redacted("two: https://u:p@h/a, https://u:p@h/b"), "two: https://***@h/a, https://***@h/b");
}

TEST(Redaction, LeavesOtherTextsAlone) {
    for (const char* text :
         {"no url", "https://h/a@b", "https://h/tt/x/t", "mail me@here", "://", "https://", "a://b?=c"}) {
        EXPECT_EQ(redacted(text), text);
    }
}

TEST(Width, CountsColumnsNotBytes) {
    EXPECT_EQ(display_width("naïve"), 5U);
    EXPECT_EQ(display_width("数値"), 4U);
    EXPECT_EQ(display_width("e\u0301"), 1U);
    EXPECT_EQ(padded_right("数", 4), "数  ");
    EXPECT_EQ(padded_left("7", 3), "  7");
}

TEST(Shortening, KeepsHeadAndTail) {
    EXPECT_EQ(shortened("nvidia-cublas-cu12", 12), "nvidia…-cu12");
    EXPECT_EQ(shortened("numpy", 5), "numpy");
    EXPECT_EQ(shortened("数数数数数数", 7), "数…数") << "a wide character is never cut in half";
}

TEST(Amounts, AreShort) {
    EXPECT_EQ(grouped(0), "0");
    EXPECT_EQ(grouped(999), "999");
    EXPECT_EQ(grouped(29412), "29,412");
    EXPECT_EQ(grouped(1234567), "1,234,567");
    EXPECT_EQ(size_text(12), "12 B");
    EXPECT_EQ(size_text(245891072), "234.5 MiB");
    EXPECT_EQ(size_text(5690831667), "5.3 GiB");
    EXPECT_EQ(size_text((1U << 20U) - 1), "1.0 MiB") << "not 1024.0 KiB";
    EXPECT_EQ(duration_text(931), "0.93 s");
    EXPECT_EQ(duration_text(4210), "4.2 s");
    EXPECT_EQ(duration_text(31000), "31 s");
    EXPECT_EQ(duration_text(192000), "3 min 12 s");
    EXPECT_EQ(counted(1, "package"), "1 package");
    EXPECT_EQ(counted(1200, "package"), "1,200 packages");
}

TEST(Wrapping, BreaksAtBlanksAndIndentsWhatFollows) {
    EXPECT_EQ(wrapped("one two three four", 9, 2), "one two\n  three\n  four");
    EXPECT_EQ(wrapped("averyverylongword x", 5, 0), "averyverylongword\nx");
}

TEST(TableText, AlignsColumnsAndCutsOnlyWhatMayBeCut) {
    Table table({{}, {Table::Align::left, true}, {Table::Align::right, false}});
    table.add({"up", "nvidia-cuda-runtime-cu12", "12.4"});
    table.add({"new", "a", "1"});
    EXPECT_EQ(table.text(2, 0),
              "  up   nvidia-cuda-runtime-cu12  12.4\n  new  a                            1\n");
    EXPECT_EQ(table.text(2, 30), "  up   nvidia-c…ime-cu12  12.4\n  new  a                     1\n");
}

}  // namespace
}  // namespace aimlock::cli
