#include "fetch/gpu_code.hpp"

#include <cstring>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "image/gpu_coverage.hpp"
#include "tests/support/temp_dir.hpp"
#include "tests/unit/image/gpu_object.hpp"

namespace aimlock {
namespace {

using ::testing::ElementsAre;
using testing::entry;
using testing::family;
using testing::fatbin;
using testing::fatbins_at;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using testing::object;
using testing::put;
using testing::this_very;

class GpuCodeTest : public ::testing::Test {
protected:
    Result<GpuCode> read(const std::string& bytes) { return read_gpu_code(folder.write("lib.so", bytes)); }
    std::vector<std::string> names(const std::string& bytes) {
        const auto code = read(bytes);
        if (!code) return {"error: " + code.error().message};
        std::vector<std::string> texts;
        for (const GpuArchitecture& a : code->architectures) texts.push_back(a.text());
        return texts;
    }
    testing::TempDir folder;
};

TEST_F(GpuCodeTest, ListsEveryArchitectureOnce) {
    const std::string first = fatbin(entry(2, 75) + entry(2, 90, this_very) + entry(2, 100, family));
    const std::string second = fatbin(entry(2, 75) + entry(8, 80) + entry(1, 120, 0, 8, 7));
    const auto code = read(object(first + std::string(16, '\0') + second));
    ASSERT_TRUE(code) << code.error().message;
    EXPECT_EQ(code->fatbins, 2U);
    EXPECT_THAT(names(object(first + second)), ElementsAre("sm_75", "sm_90a", "sm_100f", "compute_120"));
    EXPECT_EQ(code->architectures.back().isa_major, 8U);
    EXPECT_EQ(code->architectures.back().isa_minor, 7U);
}

TEST_F(GpuCodeTest, FindsFatbinsInOtherDataOfAnObjectThatHasSome) {
    std::string data = std::string(4096 * 2, 'x') + fatbin(entry(2, 90)) + std::string(8, 'y');
    put<std::uint32_t>(data, 8, 0xba55ed50);  // begins as a fatbin does, and is none
    EXPECT_THAT(names(object(fatbin(entry(2, 75)), data)), ElementsAre("sm_75", "sm_90"));
}

TEST_F(GpuCodeTest, OtherFilesHaveNone) {
    EXPECT_THAT(names(""), IsEmpty());
    EXPECT_THAT(names("INPUT(libreal.so)\n"), IsEmpty());
    EXPECT_THAT(names(object("")), IsEmpty());
    std::string narrow = object(fatbin(entry(2, 75)));
    narrow[4] = 1;  // 32 bits
    EXPECT_THAT(names(narrow), IsEmpty());
    EXPECT_FALSE(read_gpu_code(folder.path() / "absent.so"));
    EXPECT_TRUE(read_gpu_code(folder.path()));  // a folder is no object
}

TEST_F(GpuCodeTest, RefusesHeadersThatDoNotAddUp) {
    const std::string good = object(fatbin(entry(2, 75) + entry(2, 80)));
    std::uint64_t table = 0;
    std::memcpy(&table, good.data() + 40, sizeof table);
    const std::uint64_t huge = ~0ULL;
    const struct {
        const char* what;
        std::size_t at;
        std::uint64_t value;
        const char* words;
    } cases[] = {
        {"table outside", 40, huge - 63, "section headers"},
        {"section outside", table + 64 + 24, huge - 8, "lies outside"},
        {"section too long", table + 64 + 32, huge, "lies outside"},
        {"names outside", table + 3 * 64 + 24, huge, "section names"},
        {"fatbin too long", fatbins_at + 8, huge - 20, "does not end in its section"},
        {"fatbin a byte too long", fatbins_at + 8, 2 * 88 + 1, "does not end in its section"},
        {"entry too long", fatbins_at + 16 + 8, huge - 40, "does not end in its fatbin"},
        {"no magic", fatbins_at, 0x1234, "is no fatbin"},
        {"unknown version", fatbins_at, 0x00100002ba55ed50, "unknown version"},
        {"header of no length", fatbins_at, 0x00000001ba55ed50, "does not end in its section"},
        {"entry header of no length", fatbins_at + 16, 2, "does not end in its fatbin"},
        {"no architecture", fatbins_at + 16 + 28, 7, "no architecture"},
    };
    for (const auto& c : cases) {
        std::string bad = good;
        put<std::uint64_t>(bad, c.at, c.value);
        EXPECT_THAT(names(bad), ElementsAre(HasSubstr(c.words))) << c.what;
    }
    std::string many = good;
    put<std::uint16_t>(many, 60, 0);  // then the first header has the number
    put<std::uint64_t>(many, table + 32, huge);
    EXPECT_THAT(names(many), ElementsAre(HasSubstr("section headers")));
    std::string kinds;
    for (std::uint32_t i = 0; i < 1100; ++i) kinds += entry(2, 100 + i);
    EXPECT_THAT(names(object(fatbin(kinds))), ElementsAre(HasSubstr("too many")));
}

TEST_F(GpuCodeTest, EveryCutAndEveryChangedByteIsReadOrRefused) {
    const std::string good = object(fatbin(entry(2, 75) + entry(1, 80)), fatbin(entry(2, 90)));
    for (std::size_t size = 0; size < good.size(); ++size) static_cast<void>(read(good.substr(0, size)));
    for (std::size_t at = 0; at < good.size(); ++at) {
        for (const char value : {'\0', '\xff'}) {
            std::string bad = good;
            bad[at] = value;
            const auto code = read(bad);
            EXPECT_LE(code ? code->architectures.size() : 0U, 3U);
        }
    }
}

GpuArchitecture cubin(unsigned number, char variant = '\0') {
    return {GpuArchitecture::Kind::cubin, number, variant, 0, 0};
}
GpuArchitecture ptx(unsigned number, unsigned isa_major, unsigned isa_minor, char variant = '\0') {
    return {GpuArchitecture::Kind::ptx, number, variant, isa_major, isa_minor};
}

TEST(GpuCoverage, MachineCodeRunsOnLaterMinorsOfItsMajor) {
    EXPECT_TRUE(runs_on(cubin(80), {8, 0}, {}));
    EXPECT_TRUE(runs_on(cubin(80), {8, 9}, {}));
    EXPECT_FALSE(runs_on(cubin(86), {8, 0}, {}));
    EXPECT_FALSE(runs_on(cubin(80), {9, 0}, {}));
    EXPECT_TRUE(runs_on(cubin(120), {12, 1}, {}));
    EXPECT_TRUE(runs_on(cubin(90, 'a'), {9, 0}, {}));
    EXPECT_FALSE(runs_on(cubin(100, 'a'), {10, 3}, {}));
    EXPECT_TRUE(runs_on(cubin(100, 'f'), {10, 3}, {}));
    EXPECT_FALSE(runs_on(cubin(103, 'f'), {10, 0}, {}));
}

TEST(GpuCoverage, TextForTheDriverRunsOnLaterGpusOfADriverThatKnowsIt) {
    EXPECT_TRUE(runs_on(ptx(80, 8, 0), {12, 0}, {}));
    EXPECT_FALSE(runs_on(ptx(90, 8, 0), {8, 9}, {}));
    EXPECT_FALSE(runs_on(ptx(90, 8, 0, 'a'), {10, 0}, {}));
    EXPECT_TRUE(runs_on(ptx(80, 8, 7), {9, 0}, std::pair(12U, 8U)));
    EXPECT_FALSE(runs_on(ptx(80, 8, 7), {9, 0}, std::pair(12U, 6U)));
    EXPECT_TRUE(runs_on(ptx(80, 7, 8), {9, 0}, std::pair(12U, 0U)));
    EXPECT_FALSE(runs_on(ptx(80, 9, 0), {9, 0}, std::pair(12U, 9U)));
    EXPECT_EQ(newest_ptx({11, 8}), std::pair(7U, 8U));
    EXPECT_EQ(newest_ptx({12, 4}), std::pair(8U, 4U));
    EXPECT_EQ(newest_ptx({12, 6}), std::pair(8U, 5U));
    EXPECT_EQ(newest_ptx({12, 9}), std::pair(8U, 8U));
    EXPECT_EQ(newest_ptx({13, 0}), std::pair(9U, 0U));
}

TEST_F(GpuCodeTest, NamesThePackageWithoutAKernelForAGpu) {
    folder.write("lib/flash_sm90.so.1", object(fatbin(entry(2, 90, this_very))));
    folder.write("lib/base.so", object(fatbin(entry(2, 80) + entry(1, 80, 0, 8, 8))));
    folder.write("lib/notes.some", object(fatbin(entry(2, 50))));
    folder.write("lib/bad.so", object("no fatbin at all"));
    InstalledPackage kernels;
    kernels.name = "kernels";
    for (const char* path : {"lib/flash_sm90.so.1", "lib/base.so", "lib/notes.some"}) {
        kernels.files.emplace_back();
        kernels.files.back().path = path;
    }
    InstalledPackage broken;
    broken.name = "broken";
    broken.files.emplace_back().path = "lib/bad.so";
    const auto code = read_gpu_code_of(folder.path(), std::vector{kernels, broken});
    ASSERT_EQ(code.size(), 2U);
    EXPECT_EQ(code[0].objects.size(), 2U);
    EXPECT_THAT(code[1].unreadable, ElementsAre(HasSubstr("lib/bad.so: ")));

    const std::vector<engine::ComputeCapability> fleet{{7, 5}, {8, 6}, {9, 0}, {12, 0}};
    const auto found = find_uncovered_gpus(code, fleet, std::pair(12U, 9U));
    ASSERT_EQ(found.size(), 1U);
    EXPECT_EQ(found[0].text(), "kernels has no kernel for 7.5: its objects hold sm_80 sm_90a compute_80");
    const auto older = find_uncovered_gpus(code, fleet, std::pair(12U, 4U));
    ASSERT_EQ(older.size(), 2U);
    EXPECT_THAT(older[1].text(), HasSubstr("no kernel for 12.0"));
    EXPECT_THAT(older[1].text(), HasSubstr("PTX that is newer than the driver"));
}

}  // namespace
}  // namespace aimlock
