#include "fetch/pypi/wheel_code.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "fetch/url.hpp"
#include "solver/base/digest.hpp"
#include "tests/support/http_server.hpp"
#include "tests/support/temp_dir.hpp"
#include "tests/unit/fetch/wheel_maker.hpp"
#include "tests/unit/image/gpu_object.hpp"

namespace aimlock {
namespace {

using ::testing::ElementsAre;
using testing::entry;
using testing::fatbin;
using ::testing::HasSubstr;
using testing::HttpServer;
using ::testing::IsEmpty;
using testing::make_zip;
using testing::noise;
using testing::object;
using testing::Reply;
using testing::SeenRequest;

class WheelCodeTest : public ::testing::Test {
protected:
    Result<WheelCode> read(const std::string& url, Sha256 sha256 = {}) {
        FetchOptions options;
        options.cache_dir = folder.path() / "cache";
        options.offline = offline;
        options.transfer.tries = 1;
        FetchSession session(options, log);
        WheelFile wheel;
        wheel.url = url;
        wheel.file_name = url.substr(url.rfind('/') + 1);
        wheel.sha256 = sha256;
        return read_wheel_code(session, wheel);
    }
    Result<WheelCode> read_local(const std::vector<std::pair<std::string, std::string>>& members) {
        return read(file_url_of(folder.write("a-1.0-cp312-cp312-linux_x86_64.whl", make_zip(members))));
    }
    testing::TempDir folder;
    SilentLog log;
    bool offline = false;
};

const std::string named = std::string("libcudart.so.12\0libcudnn.so.9\0", 30);

TEST_F(WheelCodeTest, ListsTheCodeOfAllLibrariesAndTheCudaThatTheyLoad) {
    const auto code = read_local({{"a/_C.so", object(fatbin(entry(2, 80) + entry(1, 90, 0, 8, 7)), named)},
                                  {"a/ops.abi3.so", object(fatbin(entry(2, 70)))},
                                  {"a/plain.so", object("")},
                                  {"a/data.bin", fatbin(entry(2, 50))}});
    ASSERT_TRUE(code) << code.error().message;
    EXPECT_EQ(text_of(code->architectures), "sm_70 sm_80 compute_90");
    EXPECT_THAT(code->cuda_majors, ElementsAre(12U));
    EXPECT_TRUE(code->whole);
}

TEST_F(WheelCodeTest, BundledCudaLibrariesTellTheirMajorAndAreNoCodeOfTheWheel) {
    const auto code = read_local({{"a/_C.so", object(fatbin(entry(2, 80)))},
                                  {"a.libs/libcudart-3e4b1a.so.11.8.89", object(fatbin(entry(2, 35)))},
                                  {"a.libs/libmine-5d.so", object(fatbin(entry(2, 90)))}});
    ASSERT_TRUE(code) << code.error().message;
    EXPECT_EQ(text_of(code->architectures), "sm_80 sm_90");
    EXPECT_THAT(code->cuda_majors, ElementsAre(11U));
}

TEST_F(WheelCodeTest, NamesThatOnlyLookLikeCudasAreNone) {
    const auto code = read_local(
        {{"a/_C.so", object("", "libcudart.so.9.0 libcudart.so.123 libnvrtc.so. libcudart.so.1")}});
    ASSERT_TRUE(code) << code.error().message;
    EXPECT_THAT(code->cuda_majors, IsEmpty());
    EXPECT_THAT(code->architectures, IsEmpty());
}

TEST_F(WheelCodeTest, OfABigLibraryTheBeginningIsEnough) {
    std::string fatbins;
    for (int i = 0; i < 4; ++i) fatbins += fatbin(entry(2, 80) + entry(2, 90));
    const std::string wheel = make_zip({{"big/_C.so", object(fatbins, noise(6U << 20U))}});
    std::uint64_t sent = 0;
    const HttpServer server([&](const SeenRequest& request) {
        Reply reply = HttpServer::ranged(request, wheel);
        sent += reply.body.size();
        return reply;
    });
    const Sha256 sha256 = sha256_of(wheel);
    const auto code = read(server.url("/big-1.0-cp312-cp312-linux_x86_64.whl"), sha256);
    ASSERT_TRUE(code) << code.error().message;
    EXPECT_EQ(text_of(code->architectures), "sm_80 sm_90");
    EXPECT_TRUE(code->whole);
    EXPECT_EQ(server.count(), 2U);
    EXPECT_LT(sent, 2U << 20U);
    // Kept by the file's hash: neither asked for again nor in need of the network.
    offline = true;
    const auto again = read("https://elsewhere.example/big.whl", sha256);
    ASSERT_TRUE(again) << again.error().message;
    EXPECT_EQ(*again, *code);
}

TEST_F(WheelCodeTest, ALibraryThatIsTooBigWithoutCodeAtItsBeginningLeavesTheWheelInPart) {
    const std::string late = object("", noise(14U << 20U)) + fatbin(entry(2, 90));
    const auto code = read_local({{"a/_C.so", late}, {"a/small.so", object(fatbin(entry(2, 80)))}});
    ASSERT_TRUE(code) << code.error().message;
    EXPECT_EQ(text_of(code->architectures), "sm_80");
    EXPECT_FALSE(code->whole);
}

TEST_F(WheelCodeTest, WhatCannotBeReadIsAnError) {
    const std::string wheel = make_zip({{"a/_C.so", object(fatbin(entry(2, 80)))}});
    const HttpServer whole([&](const SeenRequest&) { return Reply{.body = wheel + noise(1U << 20U)}; });
    EXPECT_FALSE(read(whole.url("/a-1.0-cp312-cp312-linux_x86_64.whl")));
    const HttpServer gone([](const SeenRequest&) { return Reply{.status = 404}; });
    EXPECT_FALSE(read(gone.url("/a-1.0-cp312-cp312-linux_x86_64.whl")));
    EXPECT_FALSE(read(file_url_of(folder.path() / "absent-1.0-cp312-cp312-linux_x86_64.whl")));
    std::string torn = wheel;
    torn[0] = 'X';
    EXPECT_FALSE(read(file_url_of(folder.write("torn-1.0-cp312-cp312-linux_x86_64.whl", torn))));
    offline = true;
    const auto miss = read(gone.url("/b-1.0-cp312-cp312-linux_x86_64.whl"));
    ASSERT_FALSE(miss);
    EXPECT_EQ(miss.error().code, ErrorCode::offline_miss);
    EXPECT_THAT(miss.error().message, HasSubstr("--offline"));
}

}  // namespace
}  // namespace aimlock
