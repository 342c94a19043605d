#include <gtest/gtest.h>

#include "lock/lockfile.hpp"
#include "tests/unit/lock/sample_lock.hpp"

namespace aimlock::testing {
namespace {

/// One change to a good lock, and what reading says of it.
struct Case {
    const char* name;
    std::string from;
    std::string to;
    const char* error;
    std::uint32_t column = 1;
    friend void PrintTo(const Case& c, std::ostream* out) { *out << c.name; }
};

class LockfileReader : public ::testing::TestWithParam<Case> {};

TEST_P(LockfileReader, RefusesAndPointsAtTheByte) {
    // The digest is made right again: each rule must hold by itself.
    const std::string text = resealed(replaced(write_lock(sample_lock()), GetParam().from, GetParam().to));
    const Result<Lock> lock = read_lock(text, "aimlock.lock");
    ASSERT_FALSE(lock);
    EXPECT_EQ(lock.error().message, GetParam().error);
    EXPECT_EQ(lock.error().code, ErrorCode::lock);
    EXPECT_EQ(lock.error().pos.file, "aimlock.lock");
    EXPECT_EQ(lock.error().pos.column, GetParam().column);
    EXPECT_FALSE(lock.error().hint.empty());
}

const std::string thinc_hash = sha256_of("thinc").hex();

INSTANTIATE_TEST_SUITE_P(
    Table,
    LockfileReader,
    ::testing::Values(
        Case{"newer_format", "version = 1", "version = 2",
             "lock is of format 2, this aimlock reads formats up to 1", 11},
        Case{"older_than_any", "version = 1", "version = 0", "there is no lock format 0", 11},
        Case{"no_format", "version = 1\n", "", "lock does not begin with `version = 1`"},
        Case{"byte_order_mark", "# Written", "\xef\xbb\xbf# Written",
             "expected `key = value` or `[[block]]`"},
        Case{"cr_lf", "name = \"gpu\"\n", "name = \"gpu\"\r\n", "line ends with CR LF, where the lock has LF",
             13},
        Case{"control_character", "name = \"gpu\"", "name = \"g\tpu\"", "control character in the lock", 10},
        Case{"escaped_control_character", "\"BSD-3-Clause\"", "\"BSD\\u001b[31m\"",
             "control character in `license`", 11},
        Case{"not_utf8", "name = \"gpu\"", "name = \"g\xc3\"", "lock is not UTF-8", 10},
        Case{"overlong_utf8", "name = \"gpu\"", "name = \"g\xc0\xaf\"", "lock is not UTF-8", 10},
        Case{"surrogate", "name = \"gpu\"", "name = \"g\xed\xa0\x80\"", "lock is not UTF-8", 10},
        Case{"merge_conflict", "[[target]]", "<<<<<<< ours\n[[target]]", "lock holds merge conflict markers"},
        Case{"unknown_key", "name = \"gpu\"", "name = \"gpu\"\nnick = \"g\"", "unknown key `nick`"},
        Case{"unknown_head_key", "name-map", "hash = \"x\"\nname-map", "unknown key `hash`"},
        Case{"unknown_block", "[[target]]", "[[platform]]", "unknown block `[[platform]]`"},
        Case{"sub_table", "[[target]]", "[target.x]", "expected a block such as `[[package]]`"},
        Case{"dotted_key", "name = \"gpu\"", "name.a = \"gpu\"", "expected ` = ` after the key", 5},
        Case{"key_twice", "name = \"gpu\"", "name = \"gpu\"\nname = \"gpu\"",
             "key `name` stands twice in one block"},
        Case{"nested_list", "requires = []", "requires = [[]]", "expected a text in double quotes", 13},
        Case{"open_text", "name = \"gpu\"", "name = \"gpu", "text has no closing quote", 12},
        Case{"unknown_escape", "name = \"gpu\"", "name = \"g\\x41\"", "unknown escape in a text", 10},
        Case{"after_the_value", "name = \"gpu\"", "name = \"gpu\" # us",
             "expected the end of the line after the value", 13},
        Case{"no_value", "name = \"gpu\"", "name = gpu",
             "expected a value: a text in double quotes, a number, true, false or a list", 8},
        Case{"leading_zero", "size = 865000", "size = 0865000", "number begins with 0", 15},
        Case{"huge_number", "size = 865000", "size = 9223372036854775808", "number is too large", 27},
        Case{"wrong_type", "size = 865000", "size = \"865000\"", "`size` is not a number", 8},
        Case{"no_driver_version", "cuda-driver = \"12.0\"", "cuda-driver = \"12\"",
             "`12` is not a version such as 12.4", 15},
        Case{"no_gpu", "cuda-gpus = [\"8.0\"", "cuda-gpus = [\"8.0a\"",
             "`8.0a` is not a version such as 12.4", 13},
        Case{"no_cuda", "cuda-major = 12", "cuda-major = 120", "there is no CUDA 120", 14},
        Case{"no_hash", "sha256 = \"" + thinc_hash + "\"\n", "", "package has no `sha256`"},
        Case{"short_hash", thinc_hash, thinc_hash.substr(1),
             "`sha256` is not 64 lower-case hexadecimal digits", 10},
        Case{"upper_case_hash", thinc_hash, thinc_hash.substr(0, 63) + "A",
             "`sha256` is not 64 lower-case hexadecimal digits", 10},
        Case{"zero_hash", thinc_hash, std::string(64, '0'), "hash is all zeros", 10},
        Case{"no_size", "size = 865000\n", "", "package has no `size`"},
        Case{"no_requires", "requires = []\n", "", "package has no `requires`"},
        Case{"no_kind", "kind = \"pypi\"\nname = \"thinc\"", "name = \"thinc\"", "package has no `kind`"},
        Case{"odd_kind", "kind = \"pypi\"\nname = \"thinc\"", "kind = \"npm\"\nname = \"thinc\"",
             "kind is neither `conda` nor `pypi`", 8},
        Case{"odd_priority", "\"strict\"", "\"lax\"", "unknown value of `channel-priority`", 20},
        Case{"odd_fact", "__cuda=12.2=0", "__cuda", "`__cuda` is not `name=version=build`", 20},
        Case{"list_and_blocks", "channel-priority", "root = []\nchannel-priority",
             "`root = []` in a lock with `[[root]]`"}),
    [](const auto& test) { return std::string(test.param.name); });

TEST(LockfileReaderContent, AHandEditIsFoundAndTheWayOutIsNamed) {
    const std::string text = replaced(write_lock(sample_lock()), "size = 865000", "size = 865001");
    const Result<Lock> lock = read_lock(text, "aimlock.lock");
    ASSERT_FALSE(lock);
    EXPECT_EQ(lock.error().message,
              "lock was changed after aimlock wrote it: its content digest does not fit");
    EXPECT_EQ(lock.error().pos, (SourcePos{"aimlock.lock", 2, 11}));
    EXPECT_EQ(lock.error().hint, "undo the change, or edit the manifest instead and run `aimlock solve`");
}

TEST(LockfileReaderContent, EveryFlippedBitIsFound) {
    const std::string good = write_lock(sample_lock());
    for (std::size_t i = 0; i < good.size(); ++i) {
        for (const unsigned bit : {0U, 3U, 5U, 7U}) {
            std::string bad = good;
            bad[i] = static_cast<char>(static_cast<unsigned char>(bad[i]) ^ (1U << bit));
            const Result<Lock> lock = read_lock(bad, "aimlock.lock");
            ASSERT_FALSE(lock) << "byte " << i << ", bit " << bit;
            ASSERT_GE(lock.error().pos.line, 1U);
            ASSERT_LE(lock.error().pos.line, 200U);
        }
    }
}

TEST(LockfileReaderContent, EveryCutIsFound) {
    const std::string good = write_lock(sample_lock());
    for (std::size_t size = 0; size < good.size(); ++size)
        ASSERT_FALSE(read_lock(good.substr(0, size), "aimlock.lock")) << size;
}

TEST(LockfileReaderContent, AMissingListIsNotAnEmptyOne) {
    const std::string empty = write_lock(Lock{});
    ASSERT_TRUE(read_lock(empty, "aimlock.lock"));
    for (const char* name : {"source", "target", "root", "package"}) {
        const Result<Lock> lock =
            read_lock(resealed(replaced(empty, std::string(name) + " = []\n", "")), "aimlock.lock");
        ASSERT_FALSE(lock) << name;
        EXPECT_EQ(lock.error().message, "lock has no `[[" + std::string(name) + "]]`");
    }
}

TEST(LockfileReaderContent, DepthAndSizeHaveLimits) {
    const std::string head = "version = 1\n";
    EXPECT_FALSE(read_lock(head + "x = " + std::string(1 << 20, '[') + "\n", "aimlock.lock"));
    std::string dotted = head + "[[a";
    for (int i = 0; i < 100'000; ++i) dotted += ".a";
    EXPECT_FALSE(read_lock(dotted + "]]\n", "aimlock.lock"));
    EXPECT_EQ(read_lock(std::string((64U << 20U) + 1, 'x'), "aimlock.lock").error().message,
              "lock is larger than 64 MiB");
    std::string keys = head;
    for (int i = 0; i < 100'000; ++i) keys += "k" + std::to_string(i) + " = 1\n";
    EXPECT_EQ(read_lock(keys, "aimlock.lock").error().message, "block has too many keys");
}

TEST(LockfileReaderContent, AByteOrderMarkAtTheStartIsRefused) {
    EXPECT_FALSE(read_lock("\xef\xbb\xbf" + write_lock(sample_lock()), "aimlock.lock"));
}

}  // namespace
}  // namespace aimlock::testing
