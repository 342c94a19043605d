#include "lock/manifest/manifest.hpp"

#include <gtest/gtest.h>

#include "tests/support/golden.hpp"

namespace aimlock::testing {
namespace {

std::string shown(const std::vector<Error>& errors) {
    std::string out;
    for (const Error& error : errors) {
        out += error.pos.file + ":" + std::to_string(error.pos.line) + ":" +
               std::to_string(error.pos.column) + ": " + error.message +
               (error.hint.empty() ? "" : " (" + error.hint + ")") + "\n";
    }
    return out;
}

/// Everything that a manifest says, a line each.
std::string shown(const Manifest& manifest) {
    const Request& request = manifest.request;
    const auto list = [](const std::vector<std::string>& texts) {
        std::string out;
        for (const std::string& text : texts) out += " <" + text + ">";
        return out + "\n";
    };
    const auto at = [](const SourcePos& pos) {
        return "  @" + std::to_string(pos.line) + ":" + std::to_string(pos.column) + "\n";
    };
    std::string out = "name " + request.name + "\nchannels" + list(request.channels) + "indexes" +
                      list(request.indexes) + "find-links" + list(request.find_links) + "accept-terms" +
                      list(request.accept_terms);
    out += "alias " + manifest.channel_alias.value_or("-") + "\nname-map " + request.name_map.value_or("-") +
           "\n";
    out += "cutoff " + std::to_string(request.options.exclude_newer_ms.value_or(-1)) + "\n";
    for (const auto& [url, mirrors] : request.mirrors) out += "mirror " + url + list(mirrors);
    for (const TargetRequest& target : request.targets) {
        const Target& t = target.target;
        out += "target " + t.name + " " + t.platform + " cuda " + t.cuda.value_or("none") + " glibc " +
               t.glibc + " " + t.archspec + " python " + t.python.value_or("-") +
               (t.cuda_compat ? " compat" : "") + (t.cuda_mixed ? " mixed" : "") + list(t.cuda_arch);
        for (const CondaRoot& root : target.conda)
            out += "  conda " + root.written + "  [" + root.spec.text() + "]" + at(root.pos);
        for (const PypiRoot& root : target.pypi) {
            out += "  pypi " + root.written + "  [" + root.requirement.text() + "] " +
                   root.index.value_or("") + at(root.pos);
        }
        for (const CondaRoot& root : target.conda_constraints)
            out += "  conda bound " + root.written + at(root.pos);
        for (const PypiRoot& root : target.pypi_constraints)
            out += "  pypi bound " + root.written + at(root.pos);
    }
    return out;
}

constexpr std::string_view example = R"([workspace]
name = "aiml-hybrid-gpu"
channels = ["conda-forge", "./channel"]
channel-priority = "strict"
channel-alias = "https://channel.example"
exclude-newer = 2026-11-20T00:00:00Z
name-map = "map.json"
accept-terms = ["defaults"]
platforms = ["linux-64"]
prerelease = "disallow"
resolution = "lowest-direct"

[dependencies]
python = "3.12.*"
pytorch = { version = ">=2.4", build = "*cuda*", channel = "pytorch" }
jupyterlab = "*"
blas = { build = "*mkl" }
libfoo = { version = "1.*", subdir = "linux-64" }

[pypi-dependencies]
transformers = { version = ">=4.44", extras = ["torch", "Sentence_Piece"] }
thinc = "==8.2.5"
torch = { version = "*", index = "https://index.example/cu126", markers = "python_version >= '3.12'" }

[pypi-options]
index-url = "https://index.example/simple"
extra-index-urls = ["https://index.example/own"]
find-links = ["./wheels", { path = "./more" }, { url = "https://files.example/wheels" }]
no-build = true

[constraints]
openssl = "<4"
python = "3.12.*"
numpy = { conda = ">=1.26", pypi = ">=1.26.4" }

[mirrors]
"https://channel.example" = ["https://mirror.example/a", "https://mirror.example/b"]

[targets.gpu]
platform = "linux-64"
cuda = "12.2"
cuda-arch = ["8.6", "9.0"]
cuda-compat = false
cuda-mixed = true
glibc = "2.35"
archspec = "x86_64_v3"
[targets.gpu.dependencies]
pytorch-gpu = "*"
python = ">=3.12.4"
[targets.gpu.pypi-dependencies]
vllm = ">=0.11"
[targets.gpu.constraints]
cuda-version = "12.*"

[targets.cpu]
platform = "linux-64"
cuda = "none"
python = "3.12"

[image]
base = "nvidia/cuda:12.2.2-base-ubuntu22.04"
target = "gpu"
layers = 16
ports = [8888]
command = ["jupyter", "lab", "--ip=0.0.0.0"]
user = "1000:1000"
workdir = "/workspace"
env = { HF_HOME = "/workspace/.hf" }
healthcheck = "curl -f localhost:8888"
apt = ["git=1:2.34.1-1ubuntu1.11"]
compose-gpus = true
secrets = ["pip_conf"]
)";

TEST(Manifest, EveryKeyIsRead) {
    const auto manifest = read_manifest(example, "aimlock.toml");
    ASSERT_TRUE(manifest) << shown(manifest.error());
    expect_golden("lock/manifest.txt", shown(*manifest));
    EXPECT_EQ(manifest->request.options.prerelease, PrereleaseMode::disallow);
    EXPECT_EQ(manifest->request.options.resolution, ResolutionMode::lowest_direct);
}

TEST(Manifest, TheImageIsRead) {
    const ImageManifest image = *read_manifest(example, "aimlock.toml")->image;
    EXPECT_EQ(image.base, "nvidia/cuda:12.2.2-base-ubuntu22.04");
    EXPECT_EQ(image.ports, std::vector<unsigned>{8888});
    EXPECT_EQ(image.command, (std::vector<std::string>{"jupyter", "lab", "--ip=0.0.0.0"}));
    EXPECT_EQ(image.healthcheck, (std::vector<std::string>{"sh", "-c", "curl -f localhost:8888"}));
    EXPECT_EQ(image.env.at("HF_HOME"), "/workspace/.hf");
    EXPECT_TRUE(image.compose_gpus);
}

TEST(Manifest, WithNoTargetsThereIsOne) {
    const auto manifest = read_manifest("[dependencies]\npython = \"*\"\n", "aimlock.toml");
    ASSERT_EQ(manifest->request.targets.size(), 1U);
    const Target& target = manifest->request.targets[0].target;
    EXPECT_EQ(target.name, "default");
    EXPECT_EQ(target.platform, "linux-64");
    EXPECT_EQ(target.cuda, std::nullopt);
    EXPECT_EQ(target.glibc, "2.28");
    EXPECT_FALSE(manifest->image);
}

TEST(Manifest, WithPlatformsAndNoTargetsThereIsOneEach) {
    const auto manifest =
        read_manifest("[workspace]\nplatforms = [\"linux-64\", \"linux-aarch64\"]\n", "aimlock.toml");
    ASSERT_EQ(manifest->request.targets.size(), 2U);
    EXPECT_EQ(manifest->request.targets[1].target.name, "linux-aarch64");
    EXPECT_EQ(manifest->request.targets[1].target.archspec, "aarch64");
}

TEST(Manifest, OnlyExtraIndexesKeepTheUsersOwn) {
    EXPECT_TRUE(read_manifest("[pypi-options]\nextra-index-urls = [\"https://index.example/own\"]\n", "f")
                    ->user_index_last);
    EXPECT_FALSE(
        read_manifest("[pypi-options]\nindex-url = \"https://index.example/own\"\n", "f")->user_index_last);
}

/// A manifest with one fault, and what is said of it.
struct Case {
    const char* name;
    const char* text;
    const char* error;
    friend void PrintTo(const Case& c, std::ostream* out) { *out << c.name; }
};

class ManifestFaults : public ::testing::TestWithParam<Case> {};

TEST_P(ManifestFaults, HaveAPlaceAndAWayOut) {
    const auto manifest = read_manifest(GetParam().text, "f");
    ASSERT_FALSE(manifest);
    EXPECT_EQ(shown(manifest.error()), GetParam().error + std::string("\n"));
}

INSTANTIATE_TEST_SUITE_P(
    Table,
    ManifestFaults,
    ::testing::Values(
        Case{"table_typo", "[pypi-dependancies]\nx = \"*\"\n",
             "f:1:2: unknown table `pypi-dependancies` (nearest known: `pypi-dependencies`)"},
        Case{"key_typo", "[workspace]\nchanels = [\"a\"]\n",
             "f:2:1: unknown key `chanels` in [workspace] (nearest known: `channels`)"},
        Case{"target_key_typo", "[targets.gpu]\nglibcc = \"2.35\"\n",
             "f:2:1: unknown key `glibcc` in [targets.gpu] (nearest known: `glibc`)"},
        Case{"image_key_typo", "[image]\nport = [1]\n",
             "f:2:1: unknown key `port` in [image] (nearest known: `ports`)"},
        Case{"requirement_key_typo", "[dependencies]\na = { verison = \"1\" }\n",
             "f:2:7: unknown key `verison` in `a` (nearest known: `version`)"},
        Case{"word_typo", "[workspace]\nchannel-priority = \"strikt\"\n",
             "f:2:21: unknown channel-priority `strikt` (nearest known: `strict`)"},
        Case{"platform_typo", "[targets.a]\nplatform = \"linux64\"\n",
             "f:2:13: unknown platform `linux64` (nearest known: `linux-64`)"},
        Case{"number_for_text", "[targets.a]\ncuda = 12.2\n",
             "f:2:8: `cuda` is a number, expected a text (write `cuda = \"12.2\"`)"},
        Case{"number_for_spec", "[dependencies]\npython = 3.12\n",
             "f:2:10: `python` is a number, expected a text (write `python = \"3.12\"`)"},
        Case{"text_for_list", "[workspace]\nchannels = \"a\"\n",
             "f:2:13: `channels` is a text, expected a list of texts"},
        Case{"number_in_list", "[workspace]\nchannels = [\"a\", 1]\n",
             "f:2:18: expected a text, found a number"},
        Case{"control_character", "[workspace]\nname = \"a\\nb\"\n",
             "f:2:9: text holds a line break or another control character"},
        Case{"bad_cuda", "[targets.a]\ncuda = \"12.2.2\"\n",
             "f:2:9: `12.2.2` is neither a CUDA version nor `none` (write `cuda = \"12.4\"`)"},
        Case{"bad_glibc", "[targets.a]\nglibc = \"new\"\n", "f:2:10: `new` is not a version such as `12.4`"},
        Case{"bad_architecture", "[targets.a]\ncuda = \"12.9\"\ncuda-arch = [\"9.0a\"]\n",
             "f:3:15: `9.0a` is not a compute capability such as `8.6`"},
        Case{"bad_time", "[workspace]\nexclude-newer = \"soon\"\n",
             "f:2:18: `soon` is neither a date nor an RFC 3339 time (write `2026-11-20` or "
             "`2026-11-20T08:00:00Z`)"},
        Case{"local_time", "[workspace]\nexclude-newer = 2026-11-20T00:00:00\n",
             "f:2:17: `2026-11-20T00:00:00` is neither a date nor an RFC 3339 time (write `2026-11-20` or "
             "`2026-11-20T08:00:00Z`)"},
        Case{"upper_case_conda_name", "[dependencies]\nPyTorch = \"*\"\n",
             "f:2:1: `PyTorch` is not a conda package name (write `pytorch`)"},
        Case{"homoglyph", "[pypi-dependencies]\n\"num\xd1\x80y\" = \"*\"\n",
             "f:2:1: `num\xd1\x80y` is not a PyPI project name"},
        Case{"one_project_twice", "[pypi-dependencies]\na_b = \"*\"\na-B = \"*\"\n",
             "f:3:1: `a-B` and `a_b` are one PyPI project"},
        Case{"git", "[pypi-dependencies]\na = { git = \"https://git.example/a\", rev = \"1\" }\n",
             "f:2:14: `git+https://git.example/a@1` names `1`, which is no full commit: a branch or tag can "
             "move (write the commit that it stands for: git ls-remote https://git.example/a 1)"},
        Case{"git_branch",
             "[pypi-dependencies]\na = { git = \"https://git.example/a\", branch = \"main\" }\n",
             "f:2:48: a branch can move: only a full commit pins what is installed (write `rev` with the "
             "commit of: git ls-remote https://git.example/a main)"},
        Case{"git_alone", "[pypi-dependencies]\na = { git = \"https://git.example/a\" }\n",
             "f:2:14: `git` without `rev`: only a full commit pins what is installed (write `rev` with the "
             "commit of: git ls-remote https://git.example/a HEAD)"},
        Case{"url_and_version",
             "[pypi-dependencies]\na = { url = \"https://f.example/a-1.zip\", version = \">=1\" }\n",
             "f:2:53: an address has one version: `version` has no place beside it"},
        Case{"url_query", "[pypi-dependencies]\na = { url = \"https://f.example/a-1.zip?token=x\" }\n",
             "f:2:14: `https://f.example/a-1.zip?token=x` has a query, which may be a secret and cannot be "
             "locked (put what gives access into netrc or before the host, and leave the query out)"},
        Case{"path", "[pypi-dependencies]\na = { path = \".\", editable = true }\n",
             "f:2:15: a project in a folder is not installed from the lock: it has no hash that stays (copy "
             "it in the image's last layer, or install it with `pip install --no-deps` afterwards)"},
        Case{"no_build", "[pypi-options]\nno-build = 1\n",
             "f:2:12: `no-build` is a number, expected true or false"},
        Case{"gpu_without_driver", "[targets.a]\ncuda-arch = [\"8.6\"]\n",
             "f:2:13: target `a`: cuda-arch names GPUs, but the target has no driver: `cuda` is not set"},
        Case{"gpu_newer_than_driver", "[targets.a]\ncuda = \"12.2\"\ncuda-arch = [\"8.6\", \"12.0\"]\n",
             "f:3:13: target `a`: a GPU of architecture 12.0 needs a driver of CUDA 12.8 or newer, the "
             "target has 12.2"},
        Case{"gpu_older_than_driver", "[targets.a]\ncuda = \"13.1\"\ncuda-arch = [\"7.0\"]\n",
             "f:3:13: target `a`: a GPU of architecture 7.0 needs a driver of CUDA 13.0 or older, the target "
             "has 13.1"},
        Case{"image_of_no_target", "[targets.gpu]\n[image]\ntarget = \"gpus\"\n",
             "f:3:11: there is no target `gpus` (nearest known: `gpu`)"},
        Case{"image_injection", "[image]\nuser = \"root; rm\"\n", "f:2:9: `root; rm` is not a user"},
        Case{"image_port", "[image]\nports = [70000]\n", "f:2:10: a port is a number from 1 to 65535"},
        Case{"image_layers", "[image]\nlayers = 500\n",
             "f:2:10: `layers` is a number, expected a number from 1 to 127"},
        Case{"image_env", "[image.env]\n\"A B\" = \"x\"\n",
             "f:2:1: `A B` is not the name of an environment variable"},
        Case{"platform_outside",
             "[workspace]\nplatforms = [\"linux-64\"]\n[targets.a]\nplatform = \"osx-64\"\n",
             "f:4:13: platform `osx-64` is not one of the workspace's (add it to `platforms` in "
             "[workspace])"}),
    [](const auto& test) { return std::string(test.param.name); });

TEST(ManifestSpecs, AnAddressStandsInThePlaceOfAVersion) {
    const std::string commit(40, 'b');
    const auto manifest = read_manifest(
        "[pypi-dependencies]\n"
        "a = { url = \"https://u:p@f.example/a-1-py3-none-any.whl\", extras = [\"x\"], markers = "
        "\"python_version >= '3.12'\" }\n"
        "b = { git = \"https://g.example/b.git\", rev = \"" +
            commit + "\", subdirectory = \"python\" }\n",
        "f");
    ASSERT_TRUE(manifest) << manifest.error()[0].message;
    const auto& roots = manifest->request.targets[0].pypi;
    ASSERT_EQ(roots.size(), 2U);
    EXPECT_EQ(roots[0].written, "a[x] @ https://f.example/a-1-py3-none-any.whl ; python_version >= \"3.12\"");
    EXPECT_EQ(*roots[0].requirement.url, "https://u:p@f.example/a-1-py3-none-any.whl");
    EXPECT_EQ(roots[1].written, "b @ git+https://g.example/b.git@" + commit + "#subdirectory=python");
}

TEST(ManifestSpecs, WhatMayBeBuiltIsSaidInThreeWays) {
    const auto policy = [](const std::string& lines) {
        const auto manifest = read_manifest("[pypi-options]\n" + lines, "f");
        EXPECT_TRUE(manifest) << manifest.error()[0].message;
        return manifest ? manifest->request.options.sources : SourcePolicy{};
    };
    EXPECT_FALSE(policy("no-build = true\n").may_build("a"));
    EXPECT_TRUE(policy("no-build = true\n").is_default());
    EXPECT_TRUE(policy("no-build = false\n").may_build("a"));
    EXPECT_FALSE(policy("no-build = [\"A.b\"]\n").may_build("a-b"));
    EXPECT_TRUE(policy("no-build = [\"A.b\"]\n").may_build("c"));
    EXPECT_TRUE(policy("allow-sdist = [\"A.b\"]\n").may_build("a-b"));
    EXPECT_FALSE(policy("allow-sdist = [\"A.b\"]\n").may_build("c"));
    EXPECT_TRUE(policy("allow-sdist = [\"a\"]\n").takes_wheels("a"));
    EXPECT_TRUE(policy("no-binary = [\"a\"]\n").may_build("a"));
    EXPECT_FALSE(policy("no-binary = [\"a\"]\n").takes_wheels("a"));
    EXPECT_FALSE(policy("no-binary = true\n").takes_wheels("z"));
}

TEST(ManifestSpecs, AFaultInsideASpecHasItsOwnColumn) {
    struct Spec {
        const char* text;
        std::uint32_t line;
        std::uint32_t column;
    };
    for (const Spec& spec :
         {Spec{"[pypi-dependencies]\ntransformers = \">=> 4\"\n", 2, 19},
          Spec{"[pypi-dependencies]\ntransformers = { version = \">=4,>=> 5\" }\n", 2, 35},
          Spec{"[pypi-dependencies.transformers]\nextras = [\"torch\"]\nversion = \">=> 4\"\n", 3, 14},
          Spec{"[pypi-dependencies]\nx = { version = \"*\", markers = \"python_version >> '3'\" }\n", 2,
               33}}) {
        const auto manifest = read_manifest(spec.text, "f");
        ASSERT_FALSE(manifest) << spec.text;
        EXPECT_EQ(manifest.error()[0].pos.line, spec.line) << shown(manifest.error());
        EXPECT_EQ(manifest.error()[0].pos.column, spec.column) << shown(manifest.error());
        EXPECT_EQ(manifest.error()[0].code, ErrorCode::manifest);
    }
    const auto manifest = read_manifest("[dependencies]\nnumpy = \">=1.0,>=>2\"\n", "f");
    ASSERT_FALSE(manifest);
    EXPECT_EQ(manifest.error()[0].pos.line, 2U);
    EXPECT_GE(manifest.error()[0].pos.column, 10U);
}

TEST(ManifestErrors, ColumnsCountBytes) {
    const auto manifest =
        read_manifest("[workspace]\nname = \"\u20ac\u20ac\"\nchannels = [\"\u00e9\", 1]\n", "f");
    ASSERT_FALSE(manifest);
    EXPECT_EQ(shown(manifest.error()), "f:3:19: expected a text, found a number\n");
}

TEST(ManifestErrors, AllOfMeaningAreToldUpToTenInTheirOrder) {
    std::string text = "[workspace]\n";
    for (int i = 0; i < 12; ++i) text += "key" + std::to_string(i) + " = 1\n";
    const auto manifest = read_manifest(text, "f");
    ASSERT_EQ(manifest.error().size(), 10U);
    EXPECT_EQ(manifest.error()[9].pos.line, 11U);
}

TEST(ManifestErrors, AFaultThatTargetsShareIsToldOnce) {
    EXPECT_EQ(
        read_manifest("[dependencies]\nPyTorch = \"*\"\n[targets.a]\n[targets.b]\n", "f").error().size(), 1U);
}

TEST(ManifestErrors, OfSyntaxTheFirst) {
    const auto manifest = read_manifest("[workspace]\nname = \"open\n[x\n", "f");
    ASSERT_EQ(manifest.error().size(), 1U);
    EXPECT_EQ(manifest.error()[0].pos.line, 2U);
    EXPECT_FALSE(manifest.error()[0].message.empty());
}

TEST(ManifestErrors, DepthHasALimit) {
    std::string deep = "[a";
    for (int i = 0; i < 200'000; ++i) deep += ".a";
    EXPECT_EQ(read_manifest(deep + "]\n", "f").error()[0].message, "more than 64 levels of keys");
    EXPECT_FALSE(read_manifest("x = " + std::string(100'000, '['), "f"));
}

}  // namespace
}  // namespace aimlock::testing
