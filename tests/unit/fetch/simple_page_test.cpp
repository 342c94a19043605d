#include "fetch/pypi/simple_page.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "fetch/compression.hpp"
#include "fetch/pypi/core_metadata.hpp"
#include "tests/support/shared.hpp"

namespace aimlock {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Pair;

const PageOrigin origin{"demo", "https://index.example/simple", "https://index.example/simple/demo/"};

Result<ProjectPage> parse(std::string text, const PageFilter& filter = {}) {
    text.reserve(text.size() + text_padding);
    return parse_simple_page(text, origin, filter);
}

bool keeps_pure(std::string_view name) {
    return name.ends_with("-py3-none-any.whl");
}

const std::string json =
    R"({"meta":{"api-version":"1.3"},"name":"demo","project-status":{"status":"archived"},"versions":["1.0"],"files":[
  {"core-metadata":{"sha256":"aa00000000000000000000000000000000000000000000000000000000000000"},"data-dist-info-metadata":false,
   "filename":"demo-1.0-py3-none-any.whl","hashes":{"sha256":"00000000000000000000000000000000000000000000000000000000000000bb"},
   "requires-python":">=3.8","size":1234,"upload-time":"2024-01-02T03:04:05.678901Z","url":"../../files/demo-1.0-py3-none-any.whl#frag","yanked":"broken"},
  {"filename":"demo-1.0.tar.gz","hashes":{},"url":"x","upload-time":"2024-01-02T03:04:05Z"},
  {"filename":"demo-0.9.tar.gz","hashes":{},"url":"x"},
  {"filename":"demo-0.8-cp27-cp27m-win32.whl","hashes":{},"url":"x"},
  {"filename":"demo-0.8.zip","hashes":{},"url":"x"},
  {"url":"https://u:p@cdn.example/demo-2.0-py3-none-any.whl?token=1","filename":"demo-2.0-py3-none-any.whl","hashes":{"md5":"1"},"yanked":false,"dist-info-metadata":true,
   "upload-time":"2025-06-01T00:00:00Z","unknown":{"deep":[1,{"a":null}]}}
]})";

TEST(SimplePage, ReadsJson) {
    const auto page = parse(json, {&keeps_pure, {}});
    ASSERT_TRUE(page) << page.error().message;
    EXPECT_TRUE(page->exists);
    EXPECT_EQ(page->status, "archived");
    ASSERT_EQ(page->wheels.size(), 2U);
    const WheelFile& first = page->wheels[0];
    EXPECT_EQ(first.file_name, "demo-1.0-py3-none-any.whl");
    EXPECT_EQ(first.url, "https://index.example/files/demo-1.0-py3-none-any.whl");
    EXPECT_EQ(first.sha256.bytes[31], 0xbb);
    EXPECT_EQ(first.size_bytes, 1234U);
    EXPECT_EQ(first.requires_python, ">=3.8");
    EXPECT_EQ(first.upload_time_ms, 1704164645678);
    EXPECT_TRUE(first.yanked);
    EXPECT_EQ(first.yanked_reason, "broken");
    EXPECT_TRUE(first.has_core_metadata);
    EXPECT_EQ(first.core_metadata_sha256.bytes[0], 0xaa);
    const WheelFile& second = page->wheels[1];
    EXPECT_EQ(second.url, "https://cdn.example/demo-2.0-py3-none-any.whl");
    EXPECT_FALSE(second.sha256.known());
    EXPECT_TRUE(second.has_core_metadata);
    EXPECT_FALSE(second.core_metadata_sha256.known());
    EXPECT_THAT(page->unusable, ElementsAre(Pair("0.8", UnusableReason::no_matching_wheel),
                                            Pair("0.9", UnusableReason::sdist_only)));
}

TEST(SimplePage, TheCutOffTakesTheLaterAndTheUndated) {
    const auto page = parse(json, {{}, 1704164645678});
    ASSERT_TRUE(page);
    EXPECT_TRUE(page->wheels.empty());
    EXPECT_THAT(
        page->unusable,
        ElementsAre(Pair("0.8", UnusableReason::after_cutoff), Pair("0.9", UnusableReason::sdist_only),
                    Pair("1.0", UnusableReason::after_cutoff), Pair("2.0", UnusableReason::after_cutoff)));
    EXPECT_EQ(parse(json, {&keeps_pure, 1704164645679})->wheels.size(), 1U);
}

TEST(SimplePage, QuarantinedProjectsOfferNothing) {
    const auto page = parse(
        R"({"meta":{"api-version":"1.4"},"project-status":{"status":"quarantined"},"files":[{"filename":"demo-1.0-py3-none-any.whl","url":"x","hashes":{}}]})");
    ASSERT_TRUE(page);
    EXPECT_EQ(page->status, "quarantined");
    EXPECT_TRUE(page->wheels.empty());
}

TEST(SimplePage, ReadsHtml) {
    const auto page = parse(R"(<!DOCTYPE html><html><head><meta name="pypi:repository-version" content="1.1">
      <meta name="pypi:project-status" content="deprecated"><title>Links for demo</title></head><body>
      <!-- <a href="no.whl">demo-9-py3-none-any.whl</a> -->
      <A HREF='../../files/demo-1.0-py3-none-any.whl#sha256=00000000000000000000000000000000000000000000000000000000000000bb'
         data-requires-python="&gt;=3.8,&#x21;=3.9.*" data-yanked data-dist-info-metadata="sha256=aa00000000000000000000000000000000000000000000000000000000000000" >demo-1.0-py3-none-any.whl</A><br/>
      <a href="demo-0.9.tar.gz">demo-0.9.tar.gz</a>
      <a href=https://cdn.example/demo-2.0-py3-none-any.whl data-core-metadata=true> demo-2.0-py3-none-any.whl </a></body></html>)");
    ASSERT_TRUE(page) << page.error().message;
    EXPECT_EQ(page->status, "deprecated");
    ASSERT_EQ(page->wheels.size(), 2U);
    EXPECT_EQ(page->wheels[0].url, "https://index.example/files/demo-1.0-py3-none-any.whl");
    EXPECT_EQ(page->wheels[0].sha256.bytes[31], 0xbb);
    EXPECT_EQ(page->wheels[0].requires_python, ">=3.8,!=3.9.*");
    EXPECT_TRUE(page->wheels[0].yanked);
    EXPECT_EQ(page->wheels[0].core_metadata_sha256.bytes[0], 0xaa);
    EXPECT_EQ(page->wheels[1].url, "https://cdn.example/demo-2.0-py3-none-any.whl");
    EXPECT_TRUE(page->wheels[1].has_core_metadata);
    EXPECT_THAT(page->unusable, ElementsAre(Pair("0.9", UnusableReason::sdist_only)));
}

TEST(SimplePage, SaysWhatIsNoIndexPage) {
    const auto portal = parse("<html><body><a href=\"/login\">Log in</a></body></html>");
    ASSERT_FALSE(portal);
    EXPECT_EQ(portal.error().code, ErrorCode::index);
    EXPECT_THAT(portal.error().message, HasSubstr("captive portal"));
    for (const char* text : {"", "oops", "{", R"({"files":[{"filename":)", R"({"files":[{"url":"x"}]})",
                             R"({"message":"no"})", R"({"meta":{"api-version":"2.0"},"files":[]})"}) {
        const auto page = parse(text);
        ASSERT_FALSE(page) << text;
        EXPECT_THAT(page.error().message, HasSubstr("https://index.example/simple/demo/"));
    }
}

TEST(SimplePage, AServerNamesNeitherPathsNorOurFiles) {
    const auto page = parse(R"({"files":[{"filename":"../demo-1.0-py3-none-any.whl","url":"x","hashes":{}},
        {"filename":"demo-1.0-py3-none-any.whl\n[[package]]","url":"x","hashes":{}}, {"filename":"demo-1.0-py3-none-any.whl","url":"file:///etc/x","hashes":{}},
        {"filename":"demo-1.0-py3-none-any.whl","url":"javascript:x","hashes":{}}]})");
    ASSERT_TRUE(page) << page.error().message;
    EXPECT_TRUE(page->wheels.empty());
}

TEST(SimplePage, DeepNestingIsAnErrorNotACrash) {
    EXPECT_FALSE(parse("{\"files\":[" + std::string(100'000, '[')));
    EXPECT_TRUE(parse(R"({"files":[],"x":)" + std::string(1'000, '[') + std::string(1'000, ']') + "}"));
}

TEST(UploadTime, ReadsRfc3339) {
    EXPECT_EQ(parse_upload_time("1970-01-01T00:00:00Z"), 0);
    EXPECT_EQ(parse_upload_time("2024-02-29T12:00:00.5+02:00"), 1709200800500);
    EXPECT_FALSE(parse_upload_time("2024-13-01T00:00:00Z"));
    EXPECT_FALSE(parse_upload_time("yesterday"));
}

TEST(CoreMetadata, ReadsTheHeaderOnly) {
    const auto metadata = parse_core_metadata(
        "Metadata-Version: 2.4\r\nName: Demo\r\nVersion: 1.0\r\nrequires-dist: numpy "
        ">=1.26\r\nRequires-Dist: torch ;\r\n  extra == 'gpu'\r\n"
        "Provides-Extra: gpu\r\nRequires-Python: >=3.8\r\nLicense-Expression: MIT\r\nAuthor: "
        "UNKNOWN\r\n\r\nRequires-Dist: not-this\r\n",
        "demo");
    ASSERT_TRUE(metadata) << metadata.error().message;
    EXPECT_EQ(metadata->name, "Demo");
    EXPECT_EQ(metadata->version, "1.0");
    EXPECT_THAT(metadata->requires_dist, ElementsAre("numpy >=1.26", "torch ; extra == 'gpu'"));
    EXPECT_THAT(metadata->provides_extra, ElementsAre("gpu"));
    EXPECT_EQ(metadata->requires_python, ">=3.8");
    EXPECT_EQ(metadata->license, "MIT");
    EXPECT_FALSE(parse_core_metadata("<html>", "demo"));
    EXPECT_FALSE(parse_core_metadata("", "demo"));
}

}  // namespace
}  // namespace aimlock
