import java.net.HttpURLConnection;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse.BodyHandlers;

/** Calls a URL with both clients that Java brings, and prints what each got. */
public class Client {
    public static void main(String[] arguments) throws Exception {
        URI uri = URI.create(arguments[0]);
        HttpRequest request = HttpRequest.newBuilder(uri).header("Authorization", "Bearer test").build();
        System.out.println(HttpClient.newHttpClient().send(request, BodyHandlers.ofString()).body());
        HttpURLConnection connection = (HttpURLConnection) uri.toURL().openConnection();
        connection.setRequestProperty("Authorization", "Bearer test");
        System.out.println(new String(connection.getInputStream().readAllBytes()));
    }
}
