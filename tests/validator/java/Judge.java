import ca.uhn.fhir.context.FhirContext;
import ca.uhn.fhir.context.support.ConceptValidationOptions;
import ca.uhn.fhir.context.support.DefaultProfileValidationSupport;
import ca.uhn.fhir.context.support.IValidationSupport;
import ca.uhn.fhir.context.support.ValidationSupportContext;
import ca.uhn.fhir.parser.IParser;
import ca.uhn.fhir.validation.FhirValidator;
import ca.uhn.fhir.validation.SingleValidationMessage;
import ca.uhn.fhir.validation.ValidationOptions;
import com.google.gson.Gson;
import com.google.gson.GsonBuilder;
import com.google.gson.JsonArray;
import com.google.gson.JsonElement;
import com.google.gson.JsonObject;
import com.google.gson.JsonParseException;
import com.google.gson.JsonParser;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStream;
import java.io.InputStreamReader;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import java.util.concurrent.ArrayBlockingQueue;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.hl7.fhir.common.hapi.validation.support.CommonCodeSystemsTerminologyService;
import org.hl7.fhir.common.hapi.validation.support.InMemoryTerminologyServerValidationSupport;
import org.hl7.fhir.common.hapi.validation.support.PrePopulatedValidationSupport;
import org.hl7.fhir.common.hapi.validation.support.SnapshotGeneratingValidationSupport;
import org.hl7.fhir.common.hapi.validation.support.UnknownCodeSystemWarningValidationSupport;
import org.hl7.fhir.common.hapi.validation.support.ValidationSupportChain;
import org.hl7.fhir.common.hapi.validation.validator.FhirDefaultPolicyAdvisor;
import org.hl7.fhir.common.hapi.validation.validator.FhirInstanceValidator;
import org.hl7.fhir.instance.model.api.IBaseResource;
import org.hl7.fhir.r5.elementmodel.Element;
import org.hl7.fhir.r5.model.CanonicalResource;
import org.hl7.fhir.r5.model.CanonicalType;
import org.hl7.fhir.r5.utils.validation.IResourceValidator;
import org.hl7.fhir.r5.utils.validation.IValidationPolicyAdvisor.ReferenceDestinationType;
import org.hl7.fhir.r5.utils.validation.IValidatorResourceFetcher;
import org.hl7.fhir.r5.utils.validation.constants.BestPracticeWarningLevel;
import org.hl7.fhir.r5.utils.validation.constants.ReferenceValidationPolicy;
import org.hl7.fhir.utilities.npm.NpmPackage;

/**
 * Judges FHIR R4 resources by the packages it is given, without a network: one JSON resource a line in, one JSON list of
 * errors a line out, in the same order. Run as {@code Judge THREADS PACKAGE…}; what a later package defines wins.
 */
public final class Judge {
  private static final String US_CORE = "http://hl7.org/fhir/us/core/StructureDefinition/us-core-";
  private static final String CDCREC = "urn:oid:2.16.840.1.113883.6.238";
  private static final Pattern DEFINITION = Pattern.compile("(StructureDefinition|ValueSet|CodeSystem)-.*\\.json");
  private static final Pattern REFERENCE = Pattern.compile("(?:^|/)([A-Z][A-Za-z]+)/[^/]+$");

  /** A profile of another guide that is not here, and a language outside the list that base FHIR merely prefers. */
  private static final Pattern NO_ERROR = Pattern.compile(
      "^(Profile reference|Invalid profile)(?!.*/us/core/)|is not in valueset: http://hl7.org/fhir/ValueSet/languages$",
      Pattern.DOTALL);

  /** Warnings that are faults of ours: a code of no system, a tag or an extension that does not exist, a urn to nothing. */
  private static final Pattern AN_ERROR = Pattern.compile(
      "A code with no system"
          + "|^CodeSystem is unknown.*urn:ietf:bcp:47#(?!\\w{2,3}-(Arab|Cyrl|Hans|Hant|Latn)\\b)"
          + "|^Unknown extension http://hl7.org/fhir/us/core/"
          + "|^URN reference is not locally contained",
      Pattern.DOTALL);

  private static final Gson GSON = new GsonBuilder().disableHtmlEscaping().create();

  private final FhirContext context = FhirContext.forR4();
  private final PrePopulatedValidationSupport definitions = new PrePopulatedValidationSupport(context);
  private final FhirValidator validator;

  private Judge(List<Path> packages) throws IOException {
    for (Path each : packages) {
      load(each);
    }
    validator = context.newValidator().registerValidatorModule(module());
  }

  /** Takes the definitions of a folder of JSON files, or of a package's tgz, without the examples in it. */
  private void load(Path from) throws IOException {
    if (Files.isDirectory(from)) {
      try (DirectoryStream<Path> files =
          Files.newDirectoryStream(from, file -> DEFINITION.matcher(file.getFileName().toString()).matches())) {
        for (Path file : files) {
          define(Files.readString(file));
        }
      }
      return;
    }
    try (InputStream in = Files.newInputStream(from)) {
      NpmPackage.NpmPackageFolder top = NpmPackage.fromPackage(in).getFolders().get("package");
      for (String file : top.listFiles()) {
        if (DEFINITION.matcher(file).matches()) {
          define(new String(top.fetchFile(file), StandardCharsets.UTF_8));
        }
      }
    }
  }

  private void define(String text) {
    IParser parser = context.newJsonParser();
    definitions.addResource(parser.parseResource(text));
  }

  private FhirInstanceValidator module() {
    UnknownCodeSystemWarningValidationSupport unknown = new UnknownCodeSystemWarningValidationSupport(context);
    unknown.setNonExistentCodeSystemSeverity(IValidationSupport.IssueSeverity.WARNING);
    ValidationSupportChain.CacheConfiguration cache =
        ValidationSupportChain.CacheConfiguration.defaultValues().setCacheTimeout(Duration.ofDays(1)).setCacheSize(200_000);
    FhirInstanceValidator found = new FhirInstanceValidator(new ValidationSupportChain(
        cache,
        definitions,
        new DefaultProfileValidationSupport(context),
        new CommonCodeSystemsTerminologyService(context),
        new DisplaysOfCdcrec(context),
        unknown,
        new SnapshotGeneratingValidationSupport(context)));
    found.setErrorForUnknownProfiles(true);
    found.setValidatorPolicyAdvisor(new TypesOfReferences());
    found.setValidatorResourceFetcher(new NothingElsewhere());
    found.setBestPracticeWarningLevel(BestPracticeWarningLevel.Ignore);
    return found;
  }

  /** Returns the errors of a resource, and of a Bundle's entries each by the profile that its type has in US Core. */
  private JsonArray errors(String line) {
    JsonArray found = new JsonArray();
    JsonObject resource = parsed(line);
    if (resource == null) {
      found.add("no JSON object");
      return found;
    }
    judge(line, usual(resource), "", found);
    JsonArray entries = resource.get("entry") instanceof JsonArray held ? held : new JsonArray();
    for (int place = 0; place < entries.size(); place++) {
      JsonObject entry = entries.get(place).getAsJsonObject().getAsJsonObject("resource");
      // What an entry's own meta.profile asks for was judged with the Bundle.
      if (entry != null && usual(entry) != null) {
        judge(GSON.toJson(entry), usual(entry), "entry[" + place + "].", found);
      }
    }
    return found;
  }

  private static JsonObject parsed(String line) {
    try {
      return JsonParser.parseString(line) instanceof JsonObject found ? found : null;
    } catch (JsonParseException error) {
      return null;
    }
  }

  /** Returns us-core-TYPE for a resource that declares no profile; Observations have none, for theirs go by code. */
  private String usual(JsonObject resource) {
    boolean declared = resource.get("meta") instanceof JsonObject meta && meta.has("profile");
    JsonElement type = resource.get("resourceType");
    String found = type == null ? "" : US_CORE + type.getAsString().toLowerCase(Locale.ROOT);
    return declared || definitions.fetchStructureDefinition(found) == null ? null : found;
  }

  private void judge(String text, String profile, String at, JsonArray found) {
    ValidationOptions options = profile == null ? new ValidationOptions() : new ValidationOptions().addProfile(profile);
    for (SingleValidationMessage each : validator.validateWithResult(text, options).getMessages()) {
      if (isError(each)) {
        found.add(at + each.getLocationString() + ": " + each.getMessage());
      }
    }
  }

  private static boolean isError(SingleValidationMessage message) {
    String said = message.getMessage();
    boolean severe = switch (message.getSeverity()) {
      case ERROR, FATAL -> true;
      default -> false;
    };
    return !NO_ERROR.matcher(said).find() && (severe || AN_ERROR.matcher(said).find());
  }

  /** The validator never asks for displays to be checked; CDCREC's alone are here in full, so those are. */
  private static final class DisplaysOfCdcrec extends InMemoryTerminologyServerValidationSupport {
    DisplaysOfCdcrec(FhirContext context) {
      super(context);
      setIssueSeverityForCodeDisplayMismatch(IssueSeverity.ERROR);
    }

    @Override
    public CodeValidationResult validateCode(
        ValidationSupportContext context, ConceptValidationOptions options, String system, String code, String display, String set) {
      return super.validateCode(context, strict(options, system), system, code, display, set);
    }

    @Override
    public CodeValidationResult validateCodeInValueSet(
        ValidationSupportContext context, ConceptValidationOptions options, String system, String code, String display, IBaseResource set) {
      return super.validateCodeInValueSet(context, strict(options, system), system, code, display, set);
    }

    private static ConceptValidationOptions strict(ConceptValidationOptions options, String system) {
      return ConceptValidationOptions.copy(options).setValidateDisplay(CDCREC.equals(system));
    }
  }

  /** A reference's type is checked even where what it points to is not in the Bundle. */
  private static final class TypesOfReferences extends FhirDefaultPolicyAdvisor {
    @Override
    public ReferenceValidationPolicy policyForReference(
        IResourceValidator validator, Object context, String path, String url, ReferenceDestinationType type) {
      return ReferenceValidationPolicy.CHECK_TYPE_IF_EXISTS;
    }
  }

  /** Nothing is fetched from anywhere: of a resource elsewhere all that is known is the type in its reference. */
  private static final class NothingElsewhere implements IValidatorResourceFetcher {
    @Override
    public Element fetch(IResourceValidator validator, Object context, String url) {
      Matcher found = REFERENCE.matcher(url);
      return found.find() ? new Element(found.group(1)).setType(found.group(1)) : null;
    }

    @Override
    public boolean resolveURL(
        IResourceValidator validator, Object context, String path, String url, String type, boolean canonical, List<CanonicalType> targets) {
      return true;
    }

    @Override
    public byte[] fetchRaw(IResourceValidator validator, String url) {
      return null;
    }

    @Override
    public IValidatorResourceFetcher setLocale(Locale locale) {
      return this;
    }

    @Override
    public CanonicalResource fetchCanonicalResource(IResourceValidator validator, Object context, String url) {
      return null;
    }

    @Override
    public boolean fetchesCanonicalResource(IResourceValidator validator, String url) {
      return false;
    }

    @Override
    public Set<ResourceVersionInformation> fetchCanonicalResourceVersions(IResourceValidator validator, Object context, String url) {
      return Set.of();
    }
  }

  /** Reads to the end of the input; a line is answered as soon as it and those before it are judged. */
  public static void main(String[] words) throws IOException, InterruptedException {
    int threads = Integer.parseInt(words[0]);
    List<Path> packages = new ArrayList<>();
    Arrays.stream(words).skip(1).map(Path::of).forEach(packages::add);
    Judge judge = new Judge(packages);
    BlockingQueue<Future<JsonArray>> answers = new ArrayBlockingQueue<>(4 * threads);
    ExecutorService workers = Executors.newFixedThreadPool(threads);
    Thread printer = new Thread(() -> print(answers));
    printer.start();
    BufferedReader in = new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8));
    for (String line = in.readLine(); line != null; line = in.readLine()) {
      String resource = line;
      answers.put(workers.submit(() -> judge.errors(resource)));
    }
    answers.put(CompletableFuture.completedFuture(null));
    printer.join();
    workers.shutdown();
  }

  /** A line that could not be judged is answered with what went wrong, so that nothing passes for right by accident. */
  private static void print(BlockingQueue<Future<JsonArray>> answers) {
    PrintStream out = new PrintStream(System.out, true, StandardCharsets.UTF_8);
    try {
      for (JsonArray found = next(answers); found != null; found = next(answers)) {
        out.println(GSON.toJson(found));
      }
    } catch (InterruptedException error) {
      Thread.currentThread().interrupt();
    }
  }

  private static JsonArray next(BlockingQueue<Future<JsonArray>> answers) throws InterruptedException {
    try {
      return answers.take().get();
    } catch (ExecutionException error) {
      JsonArray found = new JsonArray();
      found.add("not judged: " + error.getCause());
      return found;
    }
  }
}
